// Words in the visitor's language. The page says which only when it is there.
export const t = (english, chinese) => (document.getElementById("studio").dataset.language === "zh" ? chinese : english);
