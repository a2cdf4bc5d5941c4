// The call over time, drawn on a canvas: waveforms, speech, states, prompts and findings on one axis that can be zoomed.
// Everything is drawn anew for each view; an hour has some thousands of things, which takes a few milliseconds.

const AXIS = 16, WAVE = 44, SPEECH = 10, GAP = 8, STATE = 24, PROMPT = 16, MARK = 20;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
const EDGE = 8; // pixels left free on both sides, so that what lies at the ends is seen whole
const SHORTEST = 4; // seconds that fill the whole width at most
const TOKENS = ["ink", "soft", "faint", "line", "card", "sunk", "accent", "accent-soft", "agent", "customer", "red", "amber", "green"];
const COLOUR_OF = { violated: "red", missed: "amber", met: "green" };

export const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
};

export class Lanes {
  // `data`: what the page carries; `stage`: the element that the canvas, the playhead and the tip lie in.
  constructor(stage, data) {
    this.stage = stage;
    this.data = data;
    this.canvas = stage.querySelector("canvas");
    this.playhead = stage.querySelector("#playhead");
    this.from = 0;
    this.to = data.duration;
    this.at = 0;
    this.chosen = -1;
    this.peaks = null;
    const wave = data.wave ? WAVE : 0;
    this.agent = AXIS + 4;
    this.customer = this.agent + wave + SPEECH + GAP;
    this.states = this.customer + (data.separate ? wave : 0) + SPEECH + GAP;
    this.prompts = this.states + STATE + 6;
    this.marks = this.prompts + PROMPT + 6;
    this.height = this.marks + MARK * Math.max(1, ...data.marks.map(([, , , row]) => row + 1)) + 4;
    this.wave = wave;
    stage.style.height = `${this.height}px`;
    new ResizeObserver(() => this.draw()).observe(stage);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  // Put the names of the lanes beside them.
  name(list) {
    const middle = (top, high) => top + high / 2 - 8;
    const places = {
      agent: middle(this.agent, this.wave + SPEECH),
      customer: middle(this.customer, (this.data.separate ? this.wave : 0) + SPEECH),
      states: middle(this.states, STATE),
      prompts: middle(this.prompts, PROMPT),
      marks: middle(this.marks, MARK),
    };
    for (const [lane, top] of Object.entries(places)) list.querySelector(`.${lane}`).style.top = `${top}px`;
  }

  get span() { return this.to - this.from; }
  x(at) { return EDGE + ((at - this.from) / this.span) * (this.width - 2 * EDGE); }
  time(x) { return this.from + ((x - EDGE) / (this.width - 2 * EDGE)) * this.span; }

  // Show `span` seconds with `at` where it is now, or in the middle.
  zoom(span, at) {
    const wanted = Math.min(this.data.duration, Math.max(SHORTEST, span));
    const share = at >= this.from && at <= this.to ? (at - this.from) / this.span : 0.5;
    this.show(at - share * wanted, wanted);
  }

  show(from, span = this.span) {
    this.from = Math.max(0, Math.min(this.data.duration - span, from));
    this.to = this.from + span;
    this.draw();
  }

  // The playhead; the view follows it page by page.
  move(at) {
    this.at = at;
    if (at < this.from || at > this.to) this.show(at - this.span * 0.1);
    this.place();
  }

  place() { this.playhead.style.transform = `translateX(${this.x(this.at)}px)`; }

  draw() {
    this.width = this.stage.clientWidth;
    if (!this.width) return;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = this.width * ratio;
    this.canvas.height = this.height * ratio;
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${this.height}px`;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    this.ink = colours(this.stage);
    pen.font = `12px ${getComputedStyle(this.stage).fontFamily}`;
    this.drawAxis(pen);
    this.drawSpans(pen);
    this.drawWaves(pen);
    this.drawSpeech(pen);
    this.drawStates(pen);
    this.drawPrompts(pen);
    this.drawMarks(pen);
    this.place();
  }

  drawAxis(pen) {
    const step = STEPS.find((s) => this.span / s <= Math.max(4, this.width / 80)) ?? 28800;
    pen.textBaseline = "alphabetic";
    for (let at = Math.ceil(this.from / step) * step; at <= this.to; at += step) {
      const x = Math.round(this.x(at)) + 0.5;
      pen.strokeStyle = this.ink.line;
      line(pen, x, AXIS, x, this.height);
      pen.fillStyle = this.ink.faint;
      const label = clock(at);
      if (x + 4 + pen.measureText(label).width < this.width) pen.fillText(label, x + 3, 12);
    }
  }

  drawSpans(pen) {
    for (const [kind, start, end, title] of this.data.spans) {
      const [x, wide] = this.box(start, end);
      if (x === null) continue;
      if (kind === "overlap") {
        pen.fillStyle = this.ink.ink;
        pen.globalAlpha = 0.1;
        pen.fillRect(x, this.agent, wide, this.states - this.agent - GAP);
        pen.globalAlpha = 1;
        continue;
      }
      pen.globalAlpha = kind === "silence" ? 0.5 : 1;
      hatch(pen, x, AXIS + 4, wide, this.states - AXIS - GAP - 4, this.ink.line);
      pen.globalAlpha = 1;
      if (kind !== "silence" && pen.measureText(title).width + 8 < wide) {
        pen.fillStyle = this.ink.card;
        pen.fillRect(x + 2, AXIS + 5, pen.measureText(title).width + 4, 15);
        pen.fillStyle = this.ink.soft;
        pen.fillText(title, x + 4, AXIS + 17);
      }
    }
  }

  drawWaves(pen) {
    if (!this.peaks) return;
    const tops = [this.agent, this.customer];
    this.peaks.channels.forEach((levels, channel) => {
      pen.fillStyle = channel ? this.ink.customer : this.ink.agent;
      const middle = tops[channel] + this.wave / 2;
      for (let x = EDGE; x < this.width - EDGE; x++) {
        const first = Math.floor(this.time(x) / this.peaks.step);
        const last = Math.max(first + 1, Math.floor(this.time(x + 1) / this.peaks.step));
        let top = 0;
        for (let n = first; n < last && n < levels.length; n++) top = Math.max(top, levels[n]);
        const half = Math.max(0.5, (top / 255) * (this.wave / 2));
        pen.fillRect(x, middle - half, 1, 2 * half);
      }
    });
  }

  drawSpeech(pen) {
    for (const [who, start, end] of this.data.speech) {
      const [x, wide] = this.box(start, end);
      if (x === null) continue;
      const mine = who === "agent";
      pen.fillStyle = mine ? this.ink.agent : this.ink.customer;
      const top = mine ? this.agent + this.wave + 2 : this.customer + (this.data.separate ? this.wave : 0) + 2;
      round(pen, x, top, Math.max(1.5, wide - 0.5), 6, 3);
    }
  }

  drawStates(pen) {
    for (const [title, start, end] of this.data.bands) {
      const [x, wide] = this.box(start, end);
      if (x === null) continue;
      pen.fillStyle = this.ink["accent-soft"];
      pen.fillRect(x, this.states, Math.max(1, wide - 2), STATE);
      if (pen.measureText(title).width + 10 < wide) {
        pen.fillStyle = this.ink.ink;
        pen.fillText(title, x + 6, this.states + 16);
      }
    }
  }

  drawPrompts(pen) {
    for (const [kind, status, start, end] of this.data.prompts) {
      const [x, wide] = this.box(start, end);
      if (x === null) continue;
      pen.strokeStyle = kind === "warn" ? this.ink.red : status === "done" ? this.ink.green : status === "expired" ? this.ink.amber : this.ink.faint;
      pen.lineWidth = 1;
      pen.globalAlpha = 0.6;
      if (kind !== "warn") line(pen, x, this.prompts + 8.5, x + wide, this.prompts + 8.5);
      pen.globalAlpha = 1;
      pen.lineWidth = 2;
      line(pen, x + 1, this.prompts + 2, x + 1, this.prompts + PROMPT - 2);
      pen.lineWidth = 1;
    }
  }

  drawMarks(pen) {
    for (const [number, verdict, at, row] of this.data.marks) {
      const x = this.x(at), y = this.marks + MARK * row + 9;
      if (x < -8 || x > this.width + 8) continue;
      const chosen = number === this.chosen;
      const shade = this.ink[COLOUR_OF[verdict] ?? "soft"];
      pen.strokeStyle = shade;
      if (verdict !== "met" || chosen) {
        pen.setLineDash(chosen ? [] : [2, 3]);
        pen.globalAlpha = chosen ? 1 : 0.6;
        line(pen, x, AXIS + 4, x, y - 8);
        pen.setLineDash([]);
        pen.globalAlpha = 1;
      }
      if (chosen) {
        pen.fillStyle = this.ink.sunk;
        circle(pen, x, y, 9, true);
      }
      pen.lineWidth = 2;
      sign(pen, verdict, x, y);
      pen.lineWidth = 1;
    }
  }

  // Where on the canvas something lies; null where it is out of sight.
  box(start, end) {
    if (end < this.from || start > this.to) return [null, 0];
    const x = Math.max(EDGE - 2, this.x(start));
    return [x, Math.min(this.width - EDGE + 2, this.x(end)) - x];
  }

  // The finding at a place, its number; or -1.
  markAt(x, y) {
    const near = this.data.marks.filter(([, , at, row]) => Math.hypot(this.x(at) - x, this.marks + MARK * row + 9 - y) < 11);
    return near.length ? near[0][0] : -1;
  }

  // What is at a place, in words.
  told(x, y) {
    const at = this.time(x);
    const mark = this.markAt(x, y);
    if (mark >= 0) return this.data.marks.find(([number]) => number === mark)[4];
    if (y >= this.states && y < this.states + STATE) return this.data.bands.find(([, start, end]) => start <= at && at < end)?.[0];
    if (y >= this.prompts && y < this.prompts + PROMPT) {
      return this.data.prompts.filter(([, , start, end]) => this.x(start) - 3 <= x && x <= this.x(end) + 3).map((each) => each[4]).at(-1);
    }
    const span = this.data.spans.find(([kind, start, end]) => kind !== "overlap" && start <= at && at < end);
    return span?.[3];
  }
}

const colours = (element) => {
  const probe = document.createElement("span"); // a token may be light-dark(): only a property that is used is resolved
  element.append(probe);
  const found = {};
  for (const name of TOKENS) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
};

const line = (pen, x1, y1, x2, y2) => {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
};
const circle = (pen, x, y, r, full) => {
  pen.beginPath();
  pen.arc(x, y, r, 0, 2 * Math.PI);
  full ? pen.fill() : pen.stroke();
};
const round = (pen, x, y, w, h, r) => {
  pen.beginPath();
  pen.roundRect(x, y, w, h, Math.min(r, w / 2));
  pen.fill();
};
const hatch = (pen, x, y, w, h, shade) => {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, w, h);
  pen.clip();
  pen.strokeStyle = shade;
  pen.lineWidth = 2;
  pen.beginPath();
  for (let at = Math.floor((x - h) / 6) * 6; at < x + w; at += 6) {
    pen.moveTo(at, y + h);
    pen.lineTo(at + h, y);
  }
  pen.stroke();
  pen.restore();
};
const sign = (pen, verdict, x, y) => {
  if (verdict === "missed") return circle(pen, x, y, 4, false);
  if (verdict === "violated") {
    line(pen, x - 4, y - 4, x + 4, y + 4);
    return line(pen, x + 4, y - 4, x - 4, y + 4);
  }
  if (verdict !== "met") return line(pen, x - 4, y, x + 4, y);
  pen.beginPath();
  pen.moveTo(x - 4, y);
  pen.lineTo(x - 1.5, y + 3);
  pen.lineTo(x + 4, y - 4);
  pen.stroke();
};
