// The diagram: drawn anew when its text changes, following what is being written.
import { mermaid } from "nicegui-mermaid";

// The colours of a picture on paper (design/graph/colours.py), as they are in the dark.
const DARK = {
  "#ffffff": "#1a1e22", "#f2f4f6": "#252a30", "#e1e5e9": "#2e343b", "#1b2026": "#e4e8ec", "#5a6570": "#a3adb7", "#8b95a0": "#8a959f",
  "#2462a4": "#7ab6ee", "#e6eff8": "#1d2f42", "#8a5200": "#efb95f", "#fdf1dc": "#3a2a0e", "#c4ccd4": "#4a525b",
};
const PAD = 16;
let drawn = 0;

export class Diagram {
  constructor(place, dark) {
    this.place = place;
    this.dark = dark;
    this.text = this.wanted = "";
    this.places = [];
    this.marked = [];
    this.scale = 0; // 0: all of it, as large as fits
    this.busy = false;
    mermaid.initialize({ startOnLoad: false, securityLevel: "strict", flowchart: { useMaxWidth: false, htmlLabels: true } });
    this.draggable();
  }
  async show(text, places) {
    this.places = places;
    this.wanted = text;
    while (this.wanted !== this.text && !this.busy) {
      const next = this.wanted;
      this.busy = true;
      try {
        const coloured = this.dark ? next.replace(/#[0-9a-f]{6}\b/g, (colour) => DARK[colour] || colour) : next;
        const { svg } = await mermaid.render(`drawing-${++drawn}`, coloured);
        this.place.innerHTML = svg;
        this.sized();
      } catch (error) {
        console.error(error);
      }
      this.text = next;
      this.busy = false;
    }
    this.mark(this.marked);
  }
  follow(line) {
    const before = this.places.filter(([from]) => from <= line);
    this.mark(before.length ? before[before.length - 1][1] : []);
  }
  at(name) {
    this.mark(name ? [name] : []);
  }
  mark(names) {
    const same = names.join() === this.marked.join();
    this.marked = names;
    for (const old of this.place.querySelectorAll(".here")) old.classList.remove("here");
    const found = names.flatMap((name) => [...this.place.querySelectorAll(`g.node, g.cluster`)].filter((node) => node.id === name || node.id.endsWith(`-${name}`) || node.id.includes(`flowchart-${name}-`)));
    for (const node of found) node.classList.add("here");
    if (found.length && !same) this.reveal(found[0]);
  }
  reveal(node) {
    const [box, pane] = [node.getBoundingClientRect(), this.place.getBoundingClientRect()];
    if (box.left < pane.left || box.right > pane.right) this.place.scrollLeft += box.left + box.width / 2 - pane.left - pane.width / 2;
    if (box.top < pane.top || box.bottom > pane.bottom) this.place.scrollTop += box.top + box.height / 2 - pane.top - pane.height / 2;
  }
  zoom(factor) {
    this.scale = factor ? Math.min(3, Math.max(0.1, (this.scale || this.fitting) * factor)) : 0;
    this.sized();
  }
  get size() {
    const [, , width, height] = (this.place.querySelector("svg")?.getAttribute("viewBox") || "0 0 1 1").split(" ").map(Number);
    return { width, height };
  }
  get fitting() {
    const { width, height } = this.size;
    return Math.max(0.05, Math.min(1, (this.place.clientWidth - PAD) / width, (this.place.clientHeight - PAD) / height));
  }
  sized() {
    const svg = this.place.querySelector("svg");
    if (!svg) return;
    const scale = this.scale || this.fitting;
    svg.style.width = `${this.size.width * scale}px`;
    svg.style.height = `${this.size.height * scale}px`;
    svg.style.maxWidth = "none";
  }
  draggable() {
    let from = null;
    this.place.addEventListener("pointerdown", (event) => {
      from = { x: event.clientX + this.place.scrollLeft, y: event.clientY + this.place.scrollTop };
    });
    this.place.addEventListener("pointermove", (event) => {
      if (!from || !(event.buttons & 1)) return;
      this.place.scrollLeft = from.x - event.clientX;
      this.place.scrollTop = from.y - event.clientY;
    });
    this.place.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15);
    }, { passive: false });
    new ResizeObserver(() => this.sized()).observe(this.place);
  }
}
