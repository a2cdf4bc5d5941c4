// The overlay: shows each snapshot as it comes and sends back what the agent does. Nothing here decides anything:
// a page that is closed, reloaded or opened twice shows the same, because every snapshot is the whole of it.
//
// Whatever comes from the call is set as text, never as markup. Elements stay where they are and only change their
// text, so nothing moves under the eye, and the focus is never taken.
import { WORDS } from "./words.js";

const overlay = document.getElementById("overlay");
const $ = (id) => overlay.querySelector(`#${id}`);
const SIGNS = { done: "✓", ticking: "✓", open: "○", missed: "✕" };
const STAGES = { heard: "·", read_back: "↻", confirmed: "✓", corrected: "✎", differs: "≠", "": "" };
const SOON = 15, QUIET = 5, JUST_DONE = 3; // seconds
const ROOM = { small: 4, large: 6 }; // items of the checklist
const RETRY = [250, 500, 1000, 2000, 4000]; // milliseconds

const HEARD_TWICE = 1000; // milliseconds within which a key that this window had comes again, by way of the whole desktop

let view = null, received = 0, stopped = null, link = "waiting", refused = "", handled = -HEARD_TWICE;
let words = WORDS.zh;

// ------------------------------------------------------------------------------------------------ settings

const CHOICES = { language: ["zh", "en"], theme: ["auto", "light", "dark"], size: ["normal", "large"], contrast: ["normal", "high"] };
const chinese = (navigator.languages ?? [navigator.language]).some((name) => name.startsWith("zh"));
const settings = { language: chinese ? "zh" : "en", theme: "auto", size: "normal", contrast: "normal" };

const remembered = () => {
  try {
    return JSON.parse(localStorage.getItem("callflow.overlay") ?? "{}") ?? {};
  } catch {
    return {}; // storage may be forbidden, or hold something else
  }
};

const remember = () => {
  try {
    localStorage.setItem("callflow.overlay", JSON.stringify(settings));
  } catch {
    // then it holds until the page is closed
  }
};

const take = (chosen) => {
  for (const [name, values] of Object.entries(CHOICES)) if (values.includes(chosen[name])) settings[name] = chosen[name];
};

const applySettings = () => {
  words = WORDS[settings.language];
  const lang = settings.language === "zh" ? "zh-CN" : "en";
  overlay.lang = overlay.ownerDocument.documentElement.lang = lang;
  for (const name of ["theme", "size", "contrast"]) overlay.dataset[name] = settings[name];
  for (const input of overlay.querySelectorAll("[data-setting] input")) input.checked = settings[input.name] === input.value;
  for (const root of [overlay, document]) {
    for (const item of root.querySelectorAll("[data-say]")) put(item, words[item.dataset.say]);
  }
  for (const item of overlay.querySelectorAll("[data-label]")) label(item, words[item.dataset.label]);
  for (const item of overlay.querySelectorAll("[data-hint]")) item.placeholder = words[item.dataset.hint];
  draw();
};

// ------------------------------------------------------------------------------------------------ small helpers

// Signs that turn the direction of writing, or are none, would let a caller's words disguise themselves.
const clean = (text) => String(text ?? "").replace(/[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/g, "").replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");

const put = (element, text, fresh = false) => {
  const cleaned = clean(text);
  if (element.textContent === cleaned) return false;
  element.textContent = cleaned;
  if (fresh) appear(element);
  return true;
};

const appear = (element) => {
  element.classList.remove("fresh");
  void element.offsetWidth; // starts the fade anew
  element.classList.add("fresh");
};

const label = (element, text) => {
  const cleaned = clean(text);
  if (element.getAttribute("aria-label") !== cleaned) element.setAttribute("aria-label", cleaned);
  if (element.tagName === "BUTTON" && element.title !== cleaned) element.title = cleaned;
};

const make = (tag, className = "", ...children) => {
  const element = overlay.ownerDocument.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
};

// As many children as there are items, made where they lack and taken away at the end.
const rows = (list, count, build) => {
  while (list.children.length > count) list.lastElementChild.remove();
  while (list.children.length < count) list.append(build());
  return [...list.children];
};

const ours = (text) => text?.[settings.language] ?? "";
const pad = (number) => String(number).padStart(2, "0");
const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds)), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
};
const own = () => overlay.ownerDocument.defaultView; // the window that the overlay is in, which may float

// ------------------------------------------------------------------------------------------------ drawing

const draw = () => {
  overlay.dataset.link = link;
  drawNotices();
  if (!view) {
    put($("idle-title"), link === "waiting" ? words.connecting : "");
    return;
  }
  overlay.dataset.phase = view.phase;
  drawIdle();
  drawPlace();
  drawMain();
  drawWarnings();
  drawBeside();
  drawChecklist();
  drawFields();
  drawSaid();
  drawKeys();
  drawNamed();
  tell();
};

const drawPlace = () => {
  const { state } = view;
  const title = ours(state.title) || words.stateless;
  put($("state"), state.visit > 1 ? `${title} · ${words.nth(state.visit)}` : title);
  put($("goal"), ours(state.goal));
  $("goal").title = ours(state.goal);
  const on = view.situations.map((item) => ours(item.title)).reverse();
  put($("situations"), on.join(" · "));
  $("situations").title = on.join(" · ");
};

const mainNow = () => {
  const { main, done, phase } = view;
  if (main) return { state: main.ticking ? "ticking" : "open", kind: main.kind, text: main.text };
  if (done && now() - done.at < JUST_DONE) return { state: "done", kind: "done", text: done.text };
  if (phase === "held") return { state: "none", kind: "wait", text: words.waitWords };
  return { state: "none", kind: "listen", text: words.listenWords };
};

const drawMain = () => {
  const { state, kind, text } = mainNow();
  $("main").dataset.state = state;
  $("kind").dataset.kind = kind;
  put($("kind"), state === "done" || state === "ticking" ? `✓ ${words[state]}` : words[kind]);
  if (put($("text"), text, true)) fit();
  $("tick").disabled = $("dismiss").disabled = !view.main;
};

// The largest size at which the words fit into their box; the box itself never changes.
const fit = () => {
  const text = $("text");
  for (let size = 0; size < 4; size++) {
    text.dataset.fit = size;
    if (text.scrollHeight - text.clientHeight < 12) break; // high glyphs overlap the line by less than that
  }
  text.title = text.textContent;
};

const warningParts = (item) => {
  const sign = make("span", "sign", "⚠ "), better = make("span", "", clean(item.better));
  if (!item.said) return [sign, better];
  const said = item.gloss ? `≈ ${words.quoted(item.gloss)}` : words.quoted(item.said);
  return [sign, make("q", "", clean(said)), make("span", "arrow", " → "), better];
};

const drawWarnings = () => {
  const box = $("warning"), item = view.warnings[0];
  const key = item ? JSON.stringify([item.id, item.said, item.gloss, item.better, settings.language]) : "";
  if (box.dataset.key !== key) {
    box.dataset.key = key;
    box.replaceChildren(...(item ? warningParts(item) : []));
    box.title = box.textContent;
    if (item) appear(box);
  }
  box.classList.toggle("on", Boolean(item));
  box.classList.toggle("provisional", Boolean(item?.provisional));
  const list = $("warned");
  const lines = rows(list, view.warned.length, () => make("li"));
  view.warned.forEach((past, index) => {
    const line = lines[index], known = JSON.stringify([past.said, past.better, settings.language]);
    if (line.dataset.key === known) return;
    line.dataset.key = known;
    line.replaceChildren(...warningParts(past));
    line.title = line.textContent;
  });
};

const drawBeside = () => {
  const lines = rows($("beside"), view.beside.length, () => make("li", "", make("b"), make("span"), make("em", "more")));
  view.beside.forEach((item, index) => {
    const [kind, text, more] = lines[index].children;
    lines[index].dataset.kind = item?.kind ?? "";
    put(kind, item ? words[item.kind] : "");
    put(text, item?.text ?? "", true);
    text.title = text.textContent;
    put(more, index === view.beside.length - 1 && view.more ? words.more(view.more) : "");
  });
};

const drawChecklist = () => {
  const items = [...view.checklist];
  const room = own().matchMedia("(min-height: 600px)").matches || own().innerWidth >= 900 ? ROOM.large : ROOM.small;
  // What is settled makes room first, the oldest before the others.
  while (items.length > room) items.splice(Math.max(0, items.findIndex((item) => item.status !== "open")), 1);
  const lines = rows($("checklist"), items.length, () => make("li", "", make("button", "", make("i"), make("span"))));
  items.forEach((item, index) => {
    const button = lines[index].firstElementChild, [sign, title] = button.children;
    button.type = "button";
    button.disabled = !item.prompt;
    button.dataset.prompt = item.prompt;
    lines[index].dataset.status = item.status;
    if (put(sign, SIGNS[item.status])) appear(sign);
    sign.ariaHidden = "true";
    put(title, ours(item.title));
    label(button, `${ours(item.title)}：${words[item.status]}`);
  });
};

const drawFields = () => {
  const list = $("fields");
  const lines = rows(list, view.fields.length, () => make("li", "", make("label"), make("input"), make("em"), make("i")));
  view.fields.forEach((item, index) => {
    const [name, input, read, sign] = lines[index].children;
    const stage = item.stage || "empty";
    lines[index].dataset.stage = item.stage;
    put(name, item.name);
    name.htmlFor = input.id = `field-${index}`;
    input.type = "text";
    input.autocomplete = "off";
    input.spellcheck = false;
    input.maxLength = 500;
    // What the agent is typing is not overwritten; what else was captured meanwhile is there when he leaves it.
    const editing = input === overlay.ownerDocument.activeElement && input.dataset.name === item.name;
    input.dataset.name = item.name;
    input.dataset.value = clean(item.value);
    if (!editing && input.value !== input.dataset.value) {
      input.value = input.dataset.value;
      appear(input);
    }
    input.placeholder = words.empty;
    input.title = `${item.value} ${words[stage]}`;
    label(input, `${words.edit(item.name)}：${words[stage]}`);
    put(read, item.read ? words.wrongly(item.read) : item.stage && words[stage]); // where there is room for it
    put(sign, STAGES[item.stage]);
    sign.title = item.read ? words.wrongly(item.read) : words[stage];
    sign.ariaHidden = "true";
  });
};

const drawSaid = () => {
  const lines = rows($("said"), view.said.length, () => make("li", "", make("b"), make("span", "", make("span"))));
  view.said.forEach((item, index) => {
    const [who, frame] = lines[index].children, text = frame.firstElementChild;
    lines[index].dataset.speaker = item.speaker;
    put(who, words[item.speaker]);
    put(text, item.gloss.length ? `${item.text} ≈ ${item.gloss.join(" · ")}` : item.text);
    text.classList.toggle("provisional", !item.final);
    frame.classList.toggle("long", text.offsetWidth > frame.clientWidth); // the end is what was said last
  });
};

const drawKeys = () => {
  for (const button of $("keys").children) {
    const action = button.dataset.act;
    const name = meaning(action);
    if (!button.firstElementChild) button.append(make("kbd", "", button.dataset.key), make("span"));
    put(button.lastElementChild, words[name]);
    label(button, `${words[name]} (${button.dataset.key})`);
    button.setAttribute("aria-keyshortcuts", button.dataset.key);
    button.disabled = !may(action);
  }
};

// What a key of the line means depends on where the call is.
const meaning = (action) => {
  const transfer = view.timers.find((timer) => timer.kind === "transfer");
  if (action === "hold" && transfer) return "takeBack";
  if (action === "hold" && view.phase === "held") return "resume";
  if (action === "transfer" && transfer) return transfer.answered ? "handOver" : "answeredThere";
  return action;
};

// Which actions have a meaning now. The session has the last word; this only keeps the keys from inviting nonsense.
const may = (action) => {
  if (link !== "open" || !view) return false;
  const talking = view.phase === "talking" || view.phase === "held";
  if (action === "answer") return !talking;
  if (action === "tick" || action === "dismiss") return Boolean(view.main);
  if (action === "hang_up") return talking || view.phase === "ringing";
  return talking;
};

const drawIdle = () => {
  const { desk, result } = view;
  put($("idle-title"), view.phase === "over" ? words.over : words.ready);
  const line = (call) => words.result(call, clock(call.length));
  put($("result"), result ? words.this(line(result)) : desk.last ? words.last(line(desk.last)) : "");
  put($("listening"), ours(desk.listening) ? words.listening(ours(desk.listening)) : "");
  $("listening").title = ours(desk.listening);
  for (const speaker of ["agent", "customer"]) {
    const level = desk.levels[speaker];
    $(`level-${speaker}`).value = level === undefined ? 0 : Math.max(0, Math.min(60, level + 60));
    put($(`db-${speaker}`), level === undefined ? words.dead : `${level} dB`);
  }
  $("not-recording").hidden = desk.recording;
};

const drawNotices = () => {
  const shown = link === "lost" || refused ? [{ id: "", text: { zh: "", en: "" }, lost: true }] : (view?.desk.notices ?? []);
  const key = JSON.stringify([shown, refused, settings.language]);
  const box = $("notices");
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren(...shown.map((notice) => {
    const words_ = notice.lost ? words[refused || "lost"] : ours(notice.text);
    const line = make("div", "notice fresh", make("span", "sign", "⚠"), make("p", "", clean(words_)));
    if (notice.button) {
      const button = make("button", "", clean(ours(notice.button)));
      button.type = "button";
      button.dataset.notice = notice.id;
      line.append(button);
    }
    return line;
  }));
};

const drawNamed = () => {
  const list = $("named"), on = new Set(view.situations.map((item) => item.name));
  const lines = rows(list, view.named.length, () => make("li", "", make("button")));
  const sought = $("find").value.trim().toLowerCase();
  view.named.forEach((item, index) => {
    const button = lines[index].firstElementChild;
    button.type = "button";
    button.dataset.situation = item.name;
    button.ariaPressed = on.has(item.name) ? "true" : "false";
    put(button, ours(item.title));
    button.title = ours(item.title);
    lines[index].hidden = ![item.title.zh, item.title.en, item.name].some((name) => name.toLowerCase().includes(sought));
  });
};

// ------------------------------------------------------------------------------------------------ the clock

// A call's clock runs on here from snapshot to snapshot; after the call it stands, and where nobody tells us of it.
const now = () => view.at + (view.phase === "ready" || view.phase === "over" ? 0 : ((stopped ?? performance.now()) - received) / 1000);

const timerText = () => {
  for (const timer of view.timers) {
    const lasted = now() - timer.since;
    if (timer.kind === "ring") return `${words.ring(timer.count)} · ${words.seconds(Math.floor(lasted))}`;
    if (timer.kind === "hold") return words.holding(clock(lasted));
    if (timer.kind === "transfer") return words.transferring(timer.answered ? words.transferAnswered : clock(lasted), clean(timer.to));
    if (timer.kind === "silence" && lasted >= QUIET) return words.silent(Math.floor(lasted));
  }
  return "";
};

const tell = () => {
  if (!view) return;
  const { running, main } = view;
  put($("clock"), clock((view.ended ?? now()) - view.began));
  put($("timer"), timerText());
  const left = running ? running.due - now() : 0;
  const soon = Boolean(running) && left > -1 && left <= SOON;
  $("running").hidden = !soon;
  if (soon) {
    put($("running-title"), ours(running.title));
    put($("left"), words.left(Math.max(0, Math.ceil(left))));
    $("bar").style.transform = `scaleX(${Math.max(0, Math.min(1, left / Math.min(SOON, running.due - running.since)))})`;
  }
  const mainLeft = main?.due != null ? main.due - now() : Infinity;
  put($("due"), mainLeft <= SOON && running?.id !== main?.id ? words.left(Math.max(0, Math.ceil(mainLeft))) : "");
  if (!main) drawMain();
};

let ticking = 0;
const startClock = () => {
  // In the overlay's own window: the timers of a page that lies behind others are slowed down.
  ticking = own().setInterval(tell, 200);
};

// ------------------------------------------------------------------------------------------------ the connection

let socket = null, tries = 0;
const TOO_MANY = 1013;

// In the desk the page stands in a frame and shows what it showed at a moment of a call that is over: the desk sends
// the snapshots, and nothing is sent back.
const replay = () => {
  overlay.inert = true;
  addEventListener("message", ({ data, origin, source }) => {
    if (origin !== location.origin || source !== parent) return;
    [view, received, link] = [data.view, performance.now(), "open"];
    overlay.dataset.theme = data.theme;
    draw();
  });
};

const connect = () => {
  const address = new URL("socket", location.href);
  address.protocol = "ws:";
  address.hash = address.search = "";
  socket = new WebSocket(address);
  socket.onmessage = ({ data }) => {
    const { number, view: next } = JSON.parse(data);
    send({ got: number });
    const asked = view !== null && next.desk.choose > view.desk.choose;
    [view, received, stopped, link, refused, tries] = [next, performance.now(), null, "open", "", 0];
    draw();
    if (asked && performance.now() - handled > HEARD_TWICE) perform("situation"); // with a key that another window had
    painted(number);
  };
  socket.onopen = () => {
    [link, refused] = ["open", ""];
    draw();
  };
  socket.onclose = ({ code }) => {
    refused = code === TOO_MANY ? "tooMany" : tries >= RETRY.length ? "refused" : "";
    link = "lost";
    stopped ??= performance.now();
    draw();
    own().setTimeout(connect, RETRY[Math.min(tries++, RETRY.length - 1)]);
  };
};

const send = (message) => {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
};

const act = (action, target = "", value = "") => send({ action, target, value: value.slice(0, 500) });

// Told once the frame with the snapshot has gone to the screen: the second callback comes after the first one's frame.
const painted = (number) => {
  if (overlay.ownerDocument.hidden) return;
  const from = socket;
  own().requestAnimationFrame(() => own().requestAnimationFrame(() => {
    if (from === socket) send({ painted: number });
  }));
};

// ------------------------------------------------------------------------------------------------ what the agent does

const perform = (action) => {
  if (action === "situation") {
    if (may(action)) choose();
    return;
  }
  if (may(action)) act(action, action === "tick" || action === "dismiss" ? view.main.id : "");
};

const choose = () => {
  const dialog = $("choose");
  if (dialog.open) return dialog.close();
  $("find").value = "";
  drawNamed();
  dialog.showModal(); // the agent asked for it with a key or a click in this window
};

const name = (button) => {
  act("situation", button.dataset.situation);
  $("choose").close();
};

const KEYS = { F2: "answer", F3: "hold", F4: "transfer", F6: "situation", F7: "tick", F8: "dismiss", F9: "hang_up" };

const pressed = (event) => {
  if (event.target.matches?.("#fields input")) editing(event);
  if (event.target.id === "find" && event.key === "Enter") {
    event.preventDefault();
    const first = [...$("named").children].find((line) => !line.hidden);
    if (first) name(first.firstElementChild);
  }
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !KEYS[event.key]) return;
  event.preventDefault();
  handled = performance.now();
  if (!event.repeat) perform(KEYS[event.key]);
};

const editing = (event) => {
  const input = event.target;
  if (event.key === "Escape") input.value = input.dataset.value;
  if (event.key === "Escape" || (event.key === "Enter" && !event.isComposing)) input.blur();
};

const left = ({ target: input }) => {
  if (!input.matches?.("#fields input")) return;
  const value = input.value.trim();
  if (value && value !== input.dataset.value) act("edit", input.dataset.name, value);
  else input.value = input.dataset.value;
};

const clicked = ({ target }) => {
  const button = target.closest?.("button");
  if (!button || button.disabled) return;
  const { act: action, prompt, notice, situation } = button.dataset;
  if (action) perform(action);
  else if (prompt) act("tick", prompt);
  else if (notice) act("notice", notice);
  else if (situation) name(button);
  else if (button.id === "open-settings") $("settings").showModal();
  else if (button.id === "float") float();
};

const changed = ({ target }) => {
  const setting = target.closest?.("[data-setting]")?.dataset.setting;
  if (!setting) return;
  take({ [setting]: target.value });
  remember();
  applySettings();
};

// Listeners live on the overlay itself and move with it; keys are heard by the whole window that it is in.
overlay.addEventListener("click", clicked);
overlay.addEventListener("change", changed);
overlay.addEventListener("focusout", left);
$("find").addEventListener("input", () => view && drawNamed());

// ------------------------------------------------------------------------------------------------ floating

const floats = window.documentPictureInPicture;
$("float").hidden = !floats;

const float = async () => {
  if (overlay.ownerDocument !== document) return floats.window.close();
  const small = await floats.requestWindow({ width: 360, height: 480 });
  small.document.title = document.title;
  for (const link_ of document.querySelectorAll("link[rel=stylesheet]")) {
    const copy = small.document.createElement("link");
    copy.rel = "stylesheet";
    copy.href = link_.href;
    small.document.head.append(copy);
  }
  move(small.document, () => small.document.body.append(overlay));
  document.getElementById("elsewhere").hidden = false;
  small.addEventListener("pagehide", () => {
    move(document, () => document.body.prepend(overlay));
    document.getElementById("elsewhere").hidden = true;
  });
};

const move = (target, go) => {
  own().clearInterval(ticking);
  unwatch();
  go();
  watch();
  startClock();
  applySettings();
  fit();
};

let resized = null;
const watch = () => {
  own().addEventListener("keydown", pressed);
  resized = new (own().ResizeObserver)(() => {
    if (view) {
      fit();
      drawChecklist();
      drawSaid();
    }
  });
  resized.observe(overlay);
};
const unwatch = () => {
  own().removeEventListener("keydown", pressed);
  resized.disconnect();
};
document.getElementById("back").addEventListener("click", () => floats.window?.close());

// ------------------------------------------------------------------------------------------------ begin

take(remembered());
take({ language: location.hash.slice(1) });
applySettings();
watch();
startClock();
parent === window ? connect() : replay();
