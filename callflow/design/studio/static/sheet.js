// The sheet over the page: changes, versions, conflicts, publishing.
import { fragment, send } from "./server.js";
import { t } from "./words.js";

const $ = (id) => document.getElementById(id);

const AROUND = 3; // lines shown before and after what differs

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
  // What it shows is of the draft as the server has it: first all of it must be there.
  async show(path, values) {
    const turn = this.begin(path);
    const body = $("sheet-body");
    if (!(await this.studio.writing.write())) {
      if (turn === this.turn) body.replaceChildren(...this.head(t("What you wrote is not saved yet", "您写的内容尚未保存")), $("saved").textContent);
      return;
    }
    const said = await fragment(path, { flow: this.flow, ...values }).catch((error) => error);
    if (turn !== this.turn) return; // something else is shown by now
    if (said instanceof Error) body.replaceChildren(...this.head(said.message));
    else body.innerHTML = said;
  }
  begin(path) {
    $("sheet-body").textContent = "…";
    $("sheet").dataset.path = path;
    if (!$("sheet").open) $("sheet").showModal();
    return (this.turn = (this.turn || 0) + 1);
  }
  conflict(file) {
    this.file = file;
    this.show("conflict", { file });
  }
  text(words) {
    this.begin("rehearsal");
    const files = [...$("file").options].map((option) => option.value).filter((name) => name.endsWith(".rehearsals.yaml"));
    const into = document.createElement("select");
    into.append(...files.map((name) => new Option(name)));
    into.value = files.find((name) => name.startsWith(this.studio.file.replace(/(\.rehearsals)?\.yaml$/, "."))) || files[0] || "";
    const put = Object.assign(document.createElement("button"), { className: "main", textContent: t("Put it into", "放入") });
    put.addEventListener("click", () => this.tried(() => this.put(words, into.value)));
    const choices = Object.assign(document.createElement("div"), { className: "choices" });
    if (files.length) choices.append(put, into);
    else choices.append(t("Copy it into a new file that ends in .rehearsals.yaml.", "请复制到一个以 .rehearsals.yaml 结尾的新文件中。"));
    $("sheet-body").replaceChildren(...this.head(t("This call as a rehearsal", "这通电话的演练")), choices);
    const area = Object.assign(document.createElement("textarea"), { value: words, readOnly: true, rows: 24 });
    $("sheet-body").append(area);
  }
  async put(words, file) {
    await this.studio.open(file);
    if (this.studio.file !== file) throw new Error($("saved").textContent);
    if (!this.studio.editor.add(words)) throw new Error(t("this file has no list of rehearsals: copy the text into it", "此文件中没有演练列表，请自行复制"));
  }
  head(words) {
    const head = Object.assign(document.createElement("div"), { className: "head" });
    head.append(Object.assign(document.createElement("h2"), { id: "sheet-title", textContent: words }));
    const close = Object.assign(document.createElement("button"), { textContent: "✕" });
    close.dataset.close = "";
    head.append(close);
    return [head];
  }
  // The draft was changed in another window: both texts are there, one is chosen. ``theirs``: null where it is gone.
  elsewhere(mine, theirs) {
    this.begin("elsewhere");
    const both = Object.assign(document.createElement("div"), { className: "both" });
    const [here, there] = theirs === null ? [mine, null] : different(mine, theirs);
    for (const [title, words, choice] of [[t("In this window", "本窗口"), here, "here"], [t("In the other window", "另一个窗口"), there, "there"]]) {
      const side = document.createElement("section");
      const button = Object.assign(document.createElement("button"), { className: choice === "here" ? "main" : "quiet", textContent: t("Take this one", "采用这一份") });
      button.dataset.elsewhere = choice;
      const shown = words === null ? Object.assign(document.createElement("p"), { className: "soft", textContent: t("the file was taken away", "文件已删除") }) : Object.assign(document.createElement("textarea"), { value: words, readOnly: true, rows: Math.min(20, words.split("\n").length + 1) });
      side.append(Object.assign(document.createElement("h2"), { textContent: title }), shown, button);
      both.append(side);
    }
    const kept = Object.assign(document.createElement("p"), { className: "soft", textContent: t("Whichever you take, the other text is kept in .callflow/kept.", "无论采用哪一份，另一份都会保存在 .callflow/kept 中。") });
    $("sheet-body").replaceChildren(...this.head(t("Your draft was changed in another window", "您的草稿已在另一个窗口中修改")), kept, both);
  }
  async clicked(event) {
    const { close, versions, settle, diff, before, back, discard, whatif, elsewhere } = event.target.dataset;
    if (close !== undefined || event.target === $("sheet")) $("sheet").close();
    else if (versions !== undefined) this.show("versions", {});
    else if (diff) this.show("diff", { old: before, new: diff });
    else if (back) this.show("going", { version: back });
    else if (whatif !== undefined) this.studio.whatIf($("going-figures"), whatif);
    else if (settle) await this.settled(this.file, settle, event.target.parentElement.dataset.seen);
    else if (discard) await this.settled(discard, "theirs");
    else if (elsewhere) await this.tried(() => this.studio.writing.choose(elsewhere === "here"));
  }
  async settled(file, choice, seen) {
    await this.tried(async () => {
      const state = await send("settle", { flow: this.flow, file, choice, seen });
      this.studio.seen = "another";
      await this.studio.state(state);
      this.studio.told();
    });
  }
  // What is chosen here closes the sheet, or is told of in it.
  async tried(choice) {
    try {
      await choice();
      if (this.studio.writing.torn) return; // once more
      $("sheet").close();
      this.studio.editor.view.focus();
    } catch (error) {
      $("sheet-body").prepend(Object.assign(document.createElement("p"), { className: "wrong", textContent: error.message }));
    }
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

// Two texts from shortly before where they begin to differ to shortly after where they end to.
function different(one, other) {
  const [a, b] = [one.split("\n"), other.split("\n")];
  let [start, end] = [0, 0];
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const [from, left] = [Math.max(0, start - AROUND), Math.max(0, end - AROUND)];
  const cut = (lines) => [from ? `⋯ ${from}` : [], lines.slice(from, lines.length - left), left ? `⋯ ${left}` : []].flat().join("\n");
  return [cut(a), cut(b)];
}
