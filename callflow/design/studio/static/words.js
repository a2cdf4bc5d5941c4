// Words in the visitor's language. The page says which only when it is there.
export const t = (english, chinese) => (document.getElementById("studio").dataset.language === "zh" ? chinese : english);
// How many of something: 1 mistake, 2 mistakes, 2 错误.
export const counted = (number, english, chinese) => `${number} ${t(number === 1 ? english : `${english}s`, chinese)}`;
