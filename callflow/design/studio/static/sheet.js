// The sheet over the page: changes, versions, conflicts, publishing.
import { ask, fragment, send } from "./server.js";
import { t } from "./words.js";

const $ = (id) => document.getElementById(id);

export class Sheet {
  constructor(studio) {
    this.studio = studio;
    this.flow = studio.flow;
    $("diff").addEventListener("click", () => this.show("diff", {}));
    $("versions").addEventListener("click", () => this.show("versions", {}));
    $("publish").addEventListener("click", () => this.show("going", {}));
    $("sheet").addEventListener("click", (event) => this.clicked(event));
    $("sheet").addEventListener("submit", (event) => this.publish(event));
  }
  async show(path, values) {
    $("sheet-body").textContent = "…";
    $("sheet").dataset.path = path;
    if (!$("sheet").open) $("sheet").showModal();
    if (this.studio.pending) await this.studio.write();
    try {
      $("sheet-body").innerHTML = await fragment(path, { flow: this.flow, ...values });
    } catch (error) {
      $("sheet-body").textContent = error.message;
    }
  }
  conflict(file) {
    this.file = file;
    this.show("conflict", { file });
  }
  text(words) {
    $("sheet-body").replaceChildren(...this.head(t("A rehearsal: copy it into a file that ends in .rehearsals.yaml", "演练：请复制到以 .rehearsals.yaml 结尾的文件中")));
    const area = Object.assign(document.createElement("textarea"), { value: words, readOnly: true, rows: 24 });
    $("sheet-body").append(area);
    $("sheet").showModal();
    area.select();
  }
  head(words) {
    const head = Object.assign(document.createElement("div"), { className: "head" });
    head.append(Object.assign(document.createElement("h2"), { id: "sheet-title", textContent: words }));
    const close = Object.assign(document.createElement("button"), { textContent: "✕" });
    close.dataset.close = "";
    head.append(close);
    return [head];
  }
  // The draft was changed in another window: both texts are there, one is chosen.
  async elsewhere(mine) {
    const said = await ask("file", { flow: this.flow, file: this.studio.file }).catch(() => ({ text: "", revision: this.studio.revision }));
    this.mine = { mine, theirs: said.text, revision: said.revision };
    const both = Object.assign(document.createElement("div"), { className: "both" });
    for (const [title, words, choice] of [[t("In this window", "本窗口"), mine, "here"], [t("In the other window", "另一个窗口"), said.text, "there"]]) {
      const side = document.createElement("section");
      const button = Object.assign(document.createElement("button"), { className: choice === "here" ? "main" : "quiet", textContent: t("Take this one", "采用这一份") });
      button.dataset.elsewhere = choice;
      side.append(Object.assign(document.createElement("h2"), { textContent: title }), Object.assign(document.createElement("textarea"), { value: words, readOnly: true, rows: 20 }), button);
      both.append(side);
    }
    $("sheet-body").replaceChildren(...this.head(t("Your draft was changed in another window", "您的草稿已在另一个窗口中修改")), both);
    if (!$("sheet").open) $("sheet").showModal();
  }
  async clicked(event) {
    const { close, settle, diff, back, discard, whatif, elsewhere } = event.target.dataset;
    if (close !== undefined || event.target === $("sheet")) $("sheet").close();
    else if (diff) this.show("diff", { old: diff });
    else if (back) this.show("going", { version: back });
    else if (whatif !== undefined) this.studio.whatIf($("going-figures"), whatif);
    else if (settle) await this.settled(this.file, settle, event.target.parentElement.dataset.seen);
    else if (discard) await this.settled(discard, "theirs");
    else if (elsewhere) await this.chosen(elsewhere);
  }
  async settled(file, choice, seen) {
    try {
      const state = await send("settle", { flow: this.flow, file, choice, seen });
      this.studio.seen = "another";
      await this.studio.state(state);
      $("sheet").close();
      this.studio.told();
    } catch (error) {
      $("sheet-body").prepend(Object.assign(document.createElement("p"), { className: "wrong", textContent: error.message }));
    }
  }
  async chosen(which) {
    const { mine, theirs, revision } = this.mine;
    this.studio.revision = revision;
    await send("keep", { flow: this.flow, file: this.studio.file, text: which === "here" ? theirs : mine, revision }).catch(() => null);
    this.studio.editor.replace(which === "here" ? mine : theirs);
    await this.studio.write();
    $("sheet").close();
  }
  async publish(event) {
    event.preventDefault();
    const form = event.target;
    const values = new FormData(form);
    const wrong = form.querySelector("[role=alert]");
    const button = form.querySelector("button.main");
    button.disabled = true;
    try {
      const { state } = await send("publish", { flow: this.flow, why: values.get("why"), override: Boolean(values.get("override")), version: form.dataset.version, hash: form.dataset.hash });
      this.studio.revision = state.revision;
      await this.studio.state(state);
      await this.show("versions", {});
      this.studio.told();
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
      button.disabled = false;
    }
  }
}
