// One call: one playhead for everything, one way to get there (go), keys for what the mouse does, decisions.
import { Lanes, clock } from "./lanes.js";
import { Overlay } from "./replayed.js";

const $ = (id) => document.getElementById(id);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const LEAD = 1; // seconds heard before a moment, to get one's ear in

const start = () => {
  const data = JSON.parse($("data").textContent);
  const csrf = document.querySelector("meta[name=csrf]").content;
  const stage = $("stage"), sound = $("sound"), transcript = $("transcript"), ask = $("ask");
  const lanes = new Lanes(stage, data);
  lanes.name(document.querySelector(".names"));
  const overlay = new Overlay($("overlay"), data);
  const talk = all("li.talk", transcript).map((item) => [Number(item.dataset.at), Number(item.dataset.end), item]);
  const findings = () => all(".finding[data-at]").filter((item) => item.checkVisibility());
  let at = 0, current = null, speaking = new Set();

  // ---------------------------------------------------------------------------------------------- the playhead

  const draw = (seconds) => {
    at = Math.min(data.duration, Math.max(0, seconds));
    lanes.move(at);
    overlay.show(at);
    stage.setAttribute("aria-valuenow", at.toFixed(1));
    stage.setAttribute("aria-valuetext", clock(at));
    $("clock").textContent = clock(at);
    const now = new Set(talk.filter(([from, to]) => from <= at + 0.05 && at < to).map(([, , item]) => item));
    for (const item of speaking) if (!now.has(item)) item.classList.remove("now");
    for (const item of now) {
      if (!speaking.has(item)) {
        item.classList.add("now");
        reveal(item, transcript);
      }
    }
    speaking = now;
  };

  const reveal = (item, pane) => {
    const box = item.getBoundingClientRect(), frame = pane.getBoundingClientRect();
    if (box.top < frame.top + 8 || box.bottom > frame.bottom - 8) pane.scrollTop += box.top - frame.top - frame.height / 3;
  };

  // Every click on something that has a time ends here.
  const go = (seconds, lead = LEAD) => {
    const to = Math.max(0, seconds - lead);
    draw(to);
    const near = talk.find(([, end]) => end > seconds);
    if (near) reveal(near[2], transcript);
    if (!sound) return;
    sound.currentTime = to;
    sound.play().catch(() => {}); // a browser may want a click first; the place is set all the same
  };

  const frame = () => {
    if (!sound || sound.paused) return;
    draw(sound.currentTime);
    requestAnimationFrame(frame);
  };

  if (sound) {
    const play = $("play");
    play.onclick = () => (sound.paused ? sound.play().catch(() => {}) : sound.pause());
    sound.onplay = () => {
      play.classList.add("playing");
      frame();
    };
    sound.onpause = () => play.classList.remove("playing");
    sound.onseeked = () => draw(sound.currentTime);
    sound.onerror = () => document.body.classList.add("mute");
  }
  const speed = (value) => {
    if (!sound) return;
    sound.playbackRate = Number(value);
    for (const each of all("[data-speed]")) each.setAttribute("aria-checked", String(each.dataset.speed === value));
  };

  // ---------------------------------------------------------------------------------------------- findings

  const choose = (item, play = true) => {
    current?.removeAttribute("aria-current");
    current = item;
    item.setAttribute("aria-current", "true");
    if (item.closest("details")) item.closest("details").open = true;
    reveal(item, $("findings"));
    lanes.chosen = Number(item.id.slice("finding-".length));
    lanes.draw();
    if (play && item.dataset.at) go(Number(item.dataset.at));
  };
  const step = (by) => {
    const list = findings();
    const next = list[Math.max(0, Math.min(list.length - 1, list.indexOf(current) + by))];
    if (next) choose(next);
  };

  // ---------------------------------------------------------------------------------------------- decisions

  // A locked archive may let one wait for half a minute: that is said, and a second press means nothing meanwhile.
  const decide = async (item, kind, verdict = "", note = "") => {
    if (item.ariaBusy) return;
    const saving = setTimeout(() => tell(item, data.words.saving, "saving"), 300);
    item.ariaBusy = "true";
    try {
      const answer = await fetch(`/api/findings/${item.dataset.id}/decisions`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-csrf-token": csrf },
        body: JSON.stringify({ kind, verdict, note }),
      }).catch(() => {
        throw new Error(data.words.unreached);
      });
      const told = await answer.json().catch(() => ({}));
      if (!answer.ok) throw Object.assign(new Error(told.detail ?? answer.statusText), { status: answer.status });
      item.querySelector(".failed")?.remove();
      settle(item, told);
    } finally {
      clearTimeout(saving);
      item.querySelector(".saving")?.remove();
      item.ariaBusy = null;
    }
  };

  const settle = (item, told) => {
    item.classList.remove(item.dataset.verdict);
    item.dataset.verdict = told.standing;
    item.classList.add(told.standing);
    item.querySelector(".verdict").textContent = data.words.verdicts[told.standing] ?? told.standing;
    signed(item, told.standing);
    item.querySelector(".disputed").hidden = !told.disputed;
    const list = item.querySelector(".decisions");
    list.replaceChildren(...told.decisions.map(line));
    $("score").textContent = told.judged ?? "—";
    if ($("before")) $("before").hidden = told.judged === told.score;
    for (const row of all("tr[data-group]")) {
      const group = told.groups[row.dataset.group], shown = row.querySelector(".points");
      if (!group || !shown) continue;
      shown.textContent = group.points;
      row.querySelector(".fill").setAttribute("width", `${(100 * group.share).toFixed(1)}%`);
    }
    const number = Number(item.id.slice("finding-".length)), mark = data.marks.find(([each]) => each === number);
    if (mark) mark[1] = told.standing;
    lanes.draw();
    for (const link of all(`[data-finding="${number}"]`, transcript)) {
      link.className = told.standing;
      signed(link, told.standing);
      link.closest("li").classList.toggle("cleared", !link.parentNode.querySelector(".violated:not(.sign)"));
    }
  };

  const signed = (item, verdict) => {
    const sign = item.querySelector(".sign");
    sign.setAttribute("class", `sign ${verdict}`);
    sign.querySelector("use").setAttribute("href", `#sign-${verdict}`);
  };

  const line = ({ kind, verdict, user, when, note }) => {
    const li = document.createElement("li"), b = document.createElement("b"), time = document.createElement("time");
    b.textContent = data.words.kinds[kind];
    time.textContent = when;
    li.append(b, verdict ? ` → ${data.words.verdicts[verdict]}` : "", ` · ${user} · `, time);
    if (note) {
      const span = document.createElement("span");
      span.className = "note";
      span.textContent = note;
      li.append(" ", span);
    }
    return li;
  };

  const tell = (item, message, kind) => {
    item.querySelector(".failed, .saving")?.remove();
    const p = document.createElement("p");
    p.className = kind;
    p.setAttribute("role", kind === "failed" ? "alert" : "status");
    p.textContent = message;
    item.append(p);
    return p;
  };
  const complain = (item, error) => {
    const p = tell(item, `✕ ${error.message}`, "failed");
    if (error.status !== 401 && error.status !== 403) return;
    const back = `/calls/${data.id}?finding=${item.dataset.id}`, link = document.createElement("a");
    link.href = error.status === 401 ? `/login?next=${encodeURIComponent(back)}` : back;
    link.textContent = error.status === 401 ? data.words.login : data.words.reload;
    p.append(" ", link);
  };

  // What one was writing when the session ended is there again after the log-in: in this tab, for the same user.
  const DRAFT = "callflow-draft";
  const draft = {
    keep: (finding, kind, verdict, note) =>
      sessionStorage.setItem(DRAFT, JSON.stringify({ user: data.user, finding, kind, verdict, note })),
    taken: () => {
      const kept = JSON.parse(sessionStorage.getItem(DRAFT) ?? "{}");
      if (!kept.finding || !document.querySelector(`.finding[data-id="${CSS.escape(kept.finding)}"]`)) return null;
      sessionStorage.removeItem(DRAFT);
      return kept.user === data.user ? kept : null;
    },
  };

  const begin = (item, kind) => {
    if (!item?.dataset.id) return;
    item.querySelector(".failed")?.remove();
    if (kind === "accept") {
      decide(item, kind).catch((error) => complain(item, error));
      return;
    }
    ask.dataset.kind = kind;
    ask.hidden = false;
    $("ask-verdict").hidden = kind !== "correct";
    ask.querySelector("h2").textContent = data.words.asks[kind];
    const verdicts = ["met", ...item.dataset.faults.split(" "), "not_assessed"].filter((each) => each !== item.dataset.verdict);
    const named = { ...data.words.verdicts, ...(item.dataset.faults === "violated" && { met: data.words.allowed }) };
    ask.elements.verdict.replaceChildren(new Option(data.words.choose, ""), ...verdicts.map((each) => new Option(named[each], each)));
    ask.elements.verdict.required = kind === "correct";
    item.append(ask);
    ask.elements.note.value = "";
    (kind === "correct" ? ask.elements.verdict : ask.elements.note).focus();
  };
  const close = () => {
    ask.hidden = true;
    $("findings").focus();
  };
  ask.onsubmit = (event) => {
    event.preventDefault();
    const item = ask.closest(".finding"), kind = ask.dataset.kind;
    const verdict = kind === "correct" ? ask.elements.verdict.value : "", note = ask.elements.note.value.trim();
    decide(item, kind, verdict, note).then(close, (error) => {
      if (error.status === 401 || error.status === 403) draft.keep(item.dataset.id, kind, verdict, note);
      complain(item, error);
    });
  };
  ask.onkeydown = (event) => {
    if (event.key === "Escape") close();
    if (event.key === "Enter" && !event.shiftKey && event.target === ask.elements.note && !event.isComposing) {
      event.preventDefault();
      ask.requestSubmit();
    }
  };
  $("ask-close").onclick = close;

  // ---------------------------------------------------------------------------------------------- mouse and keys

  document.getElementById("call").addEventListener("click", (event) => {
    const target = event.target;
    if (target.closest("#ask, label, summary, .player")) return;
    const link = target.closest("[data-finding]");
    if (link) {
      event.preventDefault();
      return choose($(`finding-${link.dataset.finding}`));
    }
    const finding = target.closest(".finding"), button = target.closest("[data-decide]");
    if (button) return begin(finding, button.dataset.decide);
    if (finding) return choose(finding);
    const timed = target.closest("[data-at]");
    if (timed && !String(getSelection())) go(Number(timed.dataset.at));
  });

  const place = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  stage.onclick = (event) => {
    const [x, y] = place(event), mark = lanes.markAt(x, y);
    if (mark >= 0) choose($(`finding-${mark}`));
    else go(lanes.time(x), 0);
  };
  stage.onpointermove = (event) => {
    const [x, y] = place(event), words = lanes.told(x, y), tip = $("tip");
    tip.hidden = !words;
    if (!words) return;
    tip.textContent = words;
    tip.style.transform = `translate(${Math.max(0, Math.min(x + 12, stage.clientWidth - tip.offsetWidth - 4))}px, ${y + 16}px)`;
  };
  stage.onpointerleave = () => ($("tip").hidden = true);
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.shiftKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
    event.preventDefault();
    if (event.ctrlKey) lanes.zoom(lanes.span * (event.deltaY > 0 ? 1.25 : 0.8), lanes.time(place(event)[0]));
    else lanes.show(lanes.from + ((event.deltaX || event.deltaY) / stage.clientWidth) * lanes.span);
  }, { passive: false });
  $("in").onclick = () => lanes.zoom(lanes.span / 2, at);
  $("out").onclick = () => lanes.zoom(lanes.span * 2, at);
  $("all").onclick = () => lanes.zoom(data.duration, at);
  for (const each of all("[data-speed]")) each.onclick = () => speed(each.dataset.speed);
  $("prompts")?.addEventListener("change", ({ target }) => transcript.classList.toggle("prompted", target.checked));
  $("help").onclick = () => $("keys").showModal();

  const shown = $("overlay-shown");
  const toggle = (on = $("overlay").hidden) => {
    overlay.open(on);
    shown.setAttribute("aria-pressed", String(on));
    $("call").classList.toggle("with-overlay", on);
    if (on) overlay.show(at);
  };
  shown.onclick = () => toggle();
  if (innerWidth >= Number(shown.dataset.wide)) toggle(true);

  const keys = {
    " ": () => $("play")?.click(),
    j: () => step(1),
    k: () => step(-1),
    a: () => begin(current, "accept"),
    d: () => begin(current, "dispute"),
    o: () => toggle(),
    "?": () => $("keys").showModal(),
    ArrowLeft: () => go(at, 5),
    ArrowRight: () => go(at, -5),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select, dialog")) return;
    if (event.key === " " && event.target.closest("button, summary, a")) return;
    const speeds = all("[data-speed]"), key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (/^[1-5]$/.test(key) && speeds.length) speed(speeds[Number(key) - 1].dataset.speed);
    else if (keys[key]) keys[key]();
    else return;
    event.preventDefault();
  });

  // ---------------------------------------------------------------------------------------------- begin

  const loadPeaks = async () => {
    $("loading").hidden = false;
    try {
      const answer = await fetch(`/api/calls/${data.id}/peaks`);
      if (!answer.ok) return;
      const bytes = await answer.arrayBuffer(), head = new DataView(bytes);
      const [channels, count, length] = [head.getUint32(0, true), head.getUint32(4, true), head.getFloat32(8, true)];
      const levels = Array.from({ length: channels }, (_, n) => new Uint8Array(bytes, 12 + n * count, count));
      lanes.peaks = { channels: levels, step: length };
      lanes.draw();
      performance.mark("waveform");
    } finally {
      $("loading").hidden = true;
    }
  };

  draw(0);
  performance.mark("ready");
  if (data.wave) loadPeaks();
  const asked = new URLSearchParams(location.search);
  if (asked.has("finding")) {
    const item = document.querySelector(`.finding[data-id="${CSS.escape(asked.get("finding"))}"]`);
    if (item) choose(item, false);
    if (item?.dataset.at) draw(Number(item.dataset.at));
    if (item?.dataset.at && sound) sound.currentTime = Number(item.dataset.at);
  } else if (asked.has("at")) {
    draw(Number(asked.get("at")) || 0);
    if (sound) sound.currentTime = at;
  }
  const kept = draft.taken();
  if (kept) {
    const item = document.querySelector(`.finding[data-id="${CSS.escape(kept.finding)}"]`);
    choose(item, false);
    begin(item, kept.kind);
    if (kept.verdict) ask.elements.verdict.value = kept.verdict;
    ask.elements.note.value = kept.note;
  }
  document.body.dataset.ready = "true";
};

if ($("data")) start();
