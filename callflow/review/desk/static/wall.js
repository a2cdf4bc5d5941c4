// The wall follows a socket: every message is the whole of what may be seen. A card is only changed where something
// differs, so that what somebody writes into it, and what somebody reads, holds still.
const $ = (id) => document.getElementById(id);
const told = $("words").dataset;
const word = (kind, name) => told[kind + name.split("_").map((part) => part[0].toUpperCase() + part.slice(1)).join("")] ?? name;
const english = document.documentElement.lang === "en";
const cards = new Map();

const set = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};
const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};
const lines = (list, wanted) => {
  const known = JSON.stringify(wanted);
  if (list.dataset.known === known) return;
  list.dataset.known = known;
  list.replaceChildren(...wanted.map((parts) => {
    const line = document.createElement("li");
    for (const [tag, name, text] of parts) {
      const part = document.createElement(tag);
      part.className = name;
      part.textContent = text;
      line.append(part);
    }
    return line;
  }));
};

const made = (id) => {
  const card = $("card").content.firstElementChild.cloneNode(true);
  const form = card.querySelector("form");
  const wrong = card.querySelector(".wrong");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = form.elements.text.value.trim();
    if (!text) return;
    let problem = told.failed;
    try {
      const answer = await fetch(`/api/wall/${id}/whispers`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-csrf-token": told.csrf },
        body: JSON.stringify({ text }),
      });
      problem = answer.ok ? "" : ((await answer.json()).detail ?? problem);
    } catch { /* told below */ }
    wrong.hidden = !problem;
    wrong.textContent = String(problem);
    if (!problem) form.reset();
  });
  return card;
};

const fill = (card, seen) => {
  const phase = seen.online ? seen.phase : "lost";
  const part = (selector) => card.querySelector(selector);
  card.dataset.phase = phase;
  card.dataset.agent = seen.agent;
  const runs = seen.online && ["ringing", "talking", "held"].includes(seen.phase);
  card.dataset.began = runs ? String(performance.now() / 1000 - seen.length - seen.age) : "";
  set(part(".name"), seen.name);
  set(part(".agent"), seen.name === seen.agent ? "" : seen.agent);
  set(part(".phase"), word("phase", phase));
  set(part(".length"), phase === "ready" || phase === "lost" ? "" : clock(seen.length + (runs ? seen.age : 0)));
  const between = phase === "ready" || phase === "lost";
  set(part(".state"), !between && seen.state ? seen.state[english ? "en" : "zh"] : "");
  for (const selector of [".state", ".main", ".said", ".levels"]) part(selector).hidden = between;
  set(part(".main b"), seen.main ? word("kind", seen.main.kind) : "");
  set(part(".main span"), seen.main ? seen.main.text : "");
  part(".warning").hidden = between || !seen.warning;
  if (seen.warning) set(part(".warning span:last-child"), `“${seen.warning.said}” → ${seen.warning.text}`);
  for (const speaker of ["agent", "customer"]) {
    const level = seen.levels?.[speaker];
    const share = level === undefined ? 0 : Math.min(1, Math.max(0, (level + 60) / 60));
    part(`.level.${speaker} .fill`).setAttribute("width", `${(100 * share).toFixed(0)}%`);
  }
  lines(part(".said"), seen.said.map((said) => [["b", "", word("speaker", said.speaker)], ["span", "", said.text]]));
  lines(part(".whispers"), seen.whispers.map((each) => [
    ["span", "", `${each.from}: ${each.text}`],
    ["span", each.state === "read" ? "done" : "open", `${each.state === "read" ? "✓ " : ""}${word("state", each.state)}`],
  ]));
};

const show = (seen) => {
  const teams = new Map();
  for (const each of seen) teams.set(each.team, [...(teams.get(each.team) ?? []), each]);
  const shape = JSON.stringify(seen.map((each) => [each.id, each.team]));
  for (const each of seen) {
    if (!cards.has(each.id)) cards.set(each.id, made(each.id));
    fill(cards.get(each.id), each);
  }
  if ($("teams").dataset.shape !== shape) { // cards are only moved when somebody comes or goes
    $("teams").dataset.shape = shape;
    for (const id of cards.keys()) if (!seen.some((each) => each.id === id)) cards.delete(id);
    $("teams").replaceChildren(...[...teams].flatMap(([team, members]) => {
      const title = document.createElement("h2");
      title.textContent = team || told.none;
      const grid = document.createElement("div");
      grid.className = "cards";
      grid.append(...members.map((each) => cards.get(each.id)));
      return [title, grid];
    }));
  }
  $("nobody").hidden = seen.length > 0;
  const busy = seen.filter((each) => each.online && !["ready", "over"].includes(each.phase)).length;
  set($("count"), told.count.replace("{c}", busy).replace("{n}", seen.filter((each) => each.online).length));
};

// Who is no longer logged in, or leads nobody any more: the server says so to a socket that is open; one that does not
// open might as well be the network. Nothing of any call stays on the screen, and the page itself leads on.
const isOver = async () => {
  try {
    return [401, 403].includes((await fetch("/wall")).status);
  } catch {
    return false;
  }
};
const leave = () => {
  cards.clear();
  $("teams").replaceChildren();
  location.reload();
};

let wait = 1000;
const connect = () => {
  const socket = new WebSocket(`${location.origin.replace("http", "ws")}/wall/socket`);
  socket.addEventListener("message", ({ data }) => {
    show(JSON.parse(data).cards);
    socket.send("got");
    wait = 1000;
    $("link").hidden = true;
    document.body.dataset.ready = "true";
  });
  socket.addEventListener("close", async ({ code }) => {
    if (code === 1008 || (code !== 1000 && (await isOver()))) {
      leave();
      return;
    }
    if (code !== 1000) $("link").hidden = false;
    setTimeout(connect, code === 1000 ? 0 : wait);
    wait = Math.min(2 * wait, 30_000);
  });
};
connect();
setInterval(() => {
  for (const card of cards.values()) {
    if (card.dataset.began) set(card.querySelector(".length"), clock(performance.now() / 1000 - Number(card.dataset.began)));
  }
}, 1000);
