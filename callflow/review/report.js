// The report's only script: one playhead for everything, one way to get there (go), and keys for what the mouse does.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const tracks = $("tracks"), sound = $("sound"), transcript = $("transcript");
  const duration = Number(tracks.dataset.duration);
  const findings = all(".finding[data-at]").filter((item) => !item.matches(".met"));
  const talk = all("li.talk", transcript).map((item) => [Number(item.dataset.at), Number(item.dataset.end), item]);
  const LEAD = 1; // seconds heard before a moment, to get one's ear in
  let at = 0;
  let current = -1;

  if (sound) {
    const base64 = atob($("opus").textContent.trim());
    const bytes = Uint8Array.from(base64, (sign) => sign.charCodeAt(0));
    sound.src = URL.createObjectURL(new Blob([bytes], { type: "audio/webm" }));
  }

  const clock = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = (n) => String(n).padStart(2, "0");
    return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
  };

  const draw = (seconds) => {
    at = Math.min(duration, Math.max(0, seconds));
    const x = `${(100 * at) / duration}%`;
    $("playhead").setAttribute("x1", x);
    $("playhead").setAttribute("x2", x);
    tracks.setAttribute("aria-valuenow", at.toFixed(1));
    tracks.setAttribute("aria-valuetext", clock(at));
    if (sound) $("clock").textContent = clock(at);
    for (const [start, end, item] of talk) {
      const now = start <= at + 0.05 && at < end;
      if (now && !item.classList.contains("now")) reveal(item, transcript);
      item.classList.toggle("now", now);
    }
  };

  const reveal = (item, pane) => {
    const box = item.getBoundingClientRect(), frame = pane.getBoundingClientRect();
    if (box.top < frame.top + 8 || box.bottom > frame.bottom - 8) {
      pane.scrollTop += box.top - frame.top - frame.height / 3;
    }
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

  const choose = (number) => {
    current = number;
    const chosen = findings[number];
    for (const item of all(".finding[aria-current]")) item.removeAttribute("aria-current");
    chosen.setAttribute("aria-current", "true");
    for (const mark of all(".mark")) mark.classList.toggle("chosen", `finding-${mark.dataset.finding}` === chosen.id);
    reveal(chosen, chosen.closest(".pane"));
    go(Number(chosen.dataset.at));
  };

  const pick = (id) => {
    const item = $(id);
    const number = findings.indexOf(item);
    if (number >= 0) choose(number);
    else if (item && item.dataset.at) go(Number(item.dataset.at));
  };

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.closest("dialog, label, summary, header")) return;
    const link = target.closest("[data-finding]");
    if (link) {
      event.preventDefault();
      return pick(`finding-${link.dataset.finding}`);
    }
    const finding = target.closest(".finding[data-at]");
    if (finding) return pick(finding.id);
    if (target.closest(".player")) return;
    const timed = target.closest("[data-at]");
    if (timed && !String(getSelection()).length) return go(Number(timed.dataset.at));
    if (target.closest("#tracks")) {
      const box = tracks.getBoundingClientRect();
      go(((event.clientX - box.left) / box.width) * duration, 0);
    }
  });

  const speed = (button) => {
    for (const other of all("[data-speed]")) other.setAttribute("aria-checked", String(other === button));
    sound.playbackRate = Number(button.dataset.speed);
  };

  if (sound) {
    const toggle = () => (sound.paused ? sound.play().catch(() => {}) : sound.pause());
    $("play").addEventListener("click", toggle);
    for (const button of all("[data-speed]")) button.addEventListener("click", () => speed(button));
    const state = () => $("play").classList.toggle("playing", !sound.paused);
    const frame = () => {
      draw(sound.currentTime);
      if (!sound.paused) requestAnimationFrame(frame);
    };
    sound.addEventListener("play", () => (state(), requestAnimationFrame(frame)));
    for (const name of ["pause", "ended"]) sound.addEventListener(name, state);
    sound.addEventListener("seeked", () => draw(sound.currentTime));
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
    const onControl = event.target.closest("button, summary, input, a");
    const key = event.key.toLowerCase();
    if (key === " " && sound && !onControl) $("play").click();
    else if (key === "j" && findings.length) choose(Math.min(findings.length - 1, current + 1));
    else if (key === "k" && findings.length) choose(Math.max(0, current - 1));
    else if (key === "arrowleft" || key === "arrowright") {
      const to = at + (key === "arrowleft" ? -5 : 5);
      if (sound) sound.currentTime = Math.min(duration, Math.max(0, to));
      draw(to);
    } else if ("12345".includes(key) && sound) speed(all("[data-speed]")[Number(key) - 1]);
    else if (key === "?") $("keys").showModal();
    else return;
    event.preventDefault();
  });

  $("help").addEventListener("click", () => $("keys").showModal());
  if ($("prompts")) {
    $("prompts").addEventListener("change", (event) => transcript.classList.toggle("prompted", event.target.checked));
  }

  // The page carries both languages; the switch swaps what is shown and what is kept.
  $("language").addEventListener("click", () => {
    for (const item of all("[data-other]")) {
      [item.textContent, item.dataset.other] = [item.dataset.other, item.textContent];
    }
    for (const item of all("[data-label]")) {
      const shown = item.getAttribute("aria-label");
      item.setAttribute("aria-label", item.dataset.label);
      item.dataset.label = shown;
    }
    document.documentElement.lang = document.documentElement.lang === "en" ? "zh-CN" : "en";
  });

  addEventListener("beforeprint", () => {
    for (const item of all("details")) item.open = true;
  });
  draw(0);
})();
