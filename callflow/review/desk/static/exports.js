// A table may take minutes. It is fetched, so that the page can say how long already and let it be cancelled; the server
// stops making it when nobody waits for it any more. Without this the form asks for it as forms do.
const form = document.querySelector(".exports form");
const preparing = form.querySelector(".preparing"), told = form.querySelector("[role=status]");
const wrong = form.querySelector(".wrong"), cancel = preparing.querySelector("button");

const save = (content, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};

const fetched = async (body, signal) => {
  const answer = await fetch("/exports", { method: "POST", body, signal, headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).detail ?? answer.statusText);
  const name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition"))[1];
  save(await answer.blob(), name);
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter)), asked = new AbortController();
  const tables = form.querySelectorAll("button[name=table]");
  const began = Date.now();
  const tick = () => {
    const seconds = Math.floor((Date.now() - began) / 1000);
    told.textContent = `${told.dataset.said} ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };
  const busy = (on) => {
    preparing.hidden = !on;
    for (const each of tables) each.disabled = on;
  };
  cancel.onclick = () => asked.abort();
  wrong.hidden = true;
  busy(true);
  tick();
  const ticking = setInterval(tick, 1000);
  try {
    await fetched(body, asked.signal);
  } catch (error) {
    wrong.textContent = `✕ ${error.message}`;
    wrong.hidden = asked.signal.aborted;
  } finally {
    clearInterval(ticking);
    busy(false);
  }
});
