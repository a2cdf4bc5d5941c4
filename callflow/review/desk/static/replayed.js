// The overlay as the agent would have seen it: the real one, in a frame, shown what it showed at each moment.
//
// What it showed comes once for the whole call, as changes of its parts; a moment is put together from the last change
// of each part before it.

export class Overlay {
  constructor(pane, data) {
    this.pane = pane;
    this.data = data;
    this.frame = null;
    this.parts = null;
    this.shown = "";
  }

  open(on) {
    this.pane.hidden = !on;
    if (on && !this.frame) this.begin();
  }

  async begin() {
    this.frame = document.createElement("iframe");
    this.frame.src = `/overlay/#${this.data.language}`;
    this.frame.title = this.pane.getAttribute("aria-label");
    const loaded = new Promise((done) => (this.frame.onload = done));
    this.pane.append(this.frame);
    const answer = await fetch(`/api/calls/${this.data.id}/screen`);
    await loaded;
    if (!answer.ok) return;
    this.parts = await answer.json();
    this.shown = "";
    this.show(this.at ?? 0);
  }

  show(at) {
    this.at = at;
    if (!this.parts || this.pane.hidden) return;
    const view = {}, which = [];
    for (const [name, changes] of Object.entries(this.parts)) {
      const n = last(changes, at);
      which.push(n);
      if (n >= 0) view[name] = changes[n][1];
    }
    const key = which.join(" ") + " " + Math.floor(at); // its clock counts on by itself between whole seconds
    if (key === this.shown) return;
    this.shown = key;
    view.at = at;
    this.frame.contentWindow.postMessage({ view, theme: document.documentElement.dataset.theme }, location.origin);
  }
}

// The place of the last change at or before a time; -1 before the first.
const last = (changes, at) => {
  let low = 0, high = changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (changes[middle][0] <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};
