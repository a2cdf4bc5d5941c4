// A call that is typed. All that was done is sent each time; the server plays it with the flow as it is.
import { fill, fragment, send } from "./server.js";

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
    $("undo").addEventListener("click", () => (this.acts.pop(), this.play(true)));
    $("again").addEventListener("click", () => ((this.acts = []), this.play(true)));
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
    await fill(told, "near", {}, { flow: this.flow, sentence: said, by });
  }
  turn() {
    const by = $("by");
    by.dataset.by = by.dataset.by === "agent" ? "customer" : "agent";
    by.textContent = by.dataset[by.dataset.by];
  }
  add(act) {
    this.acts.push(act);
    this.play(true);
  }
  // After something ``done`` its row is what is looked at; where only the flow has changed, nothing moves.
  async play(done = false) {
    const number = (this.number = (this.number || 0) + 1);
    const chat = $("chat");
    const shown = await fragment("simulate", {}, { flow: this.flow, acts: this.acts }).catch((error) => error);
    if (number !== this.number) return; // a later one is on its way
    if (shown instanceof Error) return this.refused(shown, done);
    const [place, now] = [chat.scrollTop, chat.querySelector(".now")?.open];
    const open = [...chat.querySelectorAll("[data-said]")].map((each) => each.open);
    chat.innerHTML = shown;
    if (now) chat.querySelector(".now")?.setAttribute("open", "");
    if (!done) chat.querySelectorAll("[data-said]").forEach((each, row) => (each.open = Boolean(open[row])));
    chat.scrollTop = done ? chat.scrollHeight : place;
  }
  // What was not taken is no part of the call; what did not arrive is sent with the next.
  refused(error, done) {
    if (done && error.status === 422) this.acts.pop();
    const words = $("chat").querySelector(".refused") || Object.assign(document.createElement("p"), { className: "wrong refused" });
    words.textContent = error.message;
    $("chat").append(words);
    $("chat").scrollTop = $("chat").scrollHeight;
  }
  async record() {
    const said = await send("rehearsal", { flow: this.flow, acts: this.acts }).catch((error) => void this.refused(error));
    if (said) this.studio.sheet.text(said.yaml);
  }
}
