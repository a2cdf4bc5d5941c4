// A call that is typed. All that was done is sent each time; the server plays it with the flow as it is.
import { fragment, send } from "./server.js";

const $ = (id) => document.getElementById(id);

export class Simulator {
  constructor(flow, studio) {
    this.flow = flow;
    this.studio = studio;
    this.acts = [];
    $("say").addEventListener("submit", (event) => {
      event.preventDefault();
      const say = $("words").value.trim();
      if (!say) return;
      $("words").value = "";
      this.add({ say, by: $("by").dataset.by });
      this.turn();
    });
    $("by").addEventListener("click", () => this.turn());
    addEventListener("keydown", (event) => {
      if (event.altKey && event.code === "KeyS") {
        event.preventDefault();
        this.turn();
        $("words").focus();
      }
    });
    for (const button of document.querySelectorAll(".keys [data-event]")) button.addEventListener("click", () => this.add({ event: button.dataset.event, by: "customer" }));
    for (const button of document.querySelectorAll(".keys [data-wait]")) button.addEventListener("click", () => this.add({ wait: Number(button.dataset.wait) }));
    $("undo").addEventListener("click", () => (this.acts.pop(), this.play()));
    $("again").addEventListener("click", () => ((this.acts = []), this.play()));
    $("record").addEventListener("click", () => this.record());
    $("chat").addEventListener("click", ({ target }) => {
      if (!target.dataset.at) return;
      const [file, line, column] = target.dataset.at.split(":");
      studio.open(file, { line: Number(line), column: Number(column || 1) });
    });
    $("chat").addEventListener("toggle", ({ target }) => target.open && this.why(target), true);
    this.turn();
    this.play();
  }
  // Why it was heard so: it takes a moment to find out, so only for who asks.
  async why(details) {
    const { by, said } = details.dataset;
    if (details.children.length > 1) return;
    const told = document.createElement("div");
    details.append(told);
    told.innerHTML = await fragment("near", {}, { flow: this.flow, sentence: said, by }).catch((error) => (void (told.textContent = error.message), ""));
  }
  turn() {
    const by = $("by");
    by.dataset.by = by.dataset.by === "agent" ? "customer" : "agent";
    by.textContent = by.dataset[by.dataset.by];
  }
  add(act) {
    this.acts.push(act);
    this.play();
  }
  async play() {
    const number = (this.number = (this.number || 0) + 1);
    const shown = await fragment("simulate", {}, { flow: this.flow, acts: this.acts }).catch((error) => {
      $("chat").textContent = error.message;
    });
    if (shown === undefined || number !== this.number) return; // a later one is on its way
    const open = [...$("chat").querySelectorAll("details")].map((each) => each.open);
    $("chat").innerHTML = shown;
    [...$("chat").querySelectorAll("details")].forEach((each, place) => (each.open = Boolean(open[place])));
    $("chat").scrollTop = $("chat").scrollHeight;
  }
  async record() {
    const said = await send("rehearsal", { flow: this.flow, acts: this.acts }).catch((error) => ({ yaml: error.message }));
    this.studio.sheet.text(said.yaml);
  }
}
