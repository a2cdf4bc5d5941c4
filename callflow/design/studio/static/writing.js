// What is written goes to the server as the draft: one request at a time, and again until it is there.
import { ask, send } from "./server.js";
import { t } from "./words.js";

const WAIT = 60; // milliseconds without a key before the server is asked
const LONGEST = 15_000; // between two attempts, where the server does not take it
const LATER = [undefined, 401, 403, 429]; // and what is the server's own fault: it may go the next time

export class Writing {
  // `kept`: what the server has of the file (null: it has none), in `revision` of the draft.
  // `torn`: what another window has made of it; nothing is sent before one of the two is chosen.
  constructor(studio) {
    this.studio = studio;
    this.file = this.kept = "";
    this.revision = this.attempts = 0;
    this.pending = this.sending = this.torn = null;
    addEventListener("online", () => this.dirty && this.write());
    addEventListener("beforeunload", (event) => {
      if (!this.dirty) return;
      event.preventDefault();
      this.write();
    });
  }
  get dirty() {
    return Boolean(this.file) && this.studio.editor.text !== this.kept;
  }
  get busy() {
    return this.dirty || Boolean(this.sending);
  }
  // The editor shows what the server has.
  took(file, text, revision) {
    Object.assign(this, { file, kept: text, revision, torn: null });
  }
  changed() {
    if (this.torn) return;
    this.soon(WAIT);
    this.tell("…");
  }
  soon(milliseconds) {
    clearTimeout(this.pending);
    this.pending = setTimeout(() => this.write(), milliseconds);
  }
  // Returns whether the server has all of it.
  write() {
    clearTimeout(this.pending);
    this.pending = null;
    this.sending ??= this.all().finally(() => (this.sending = null));
    return this.sending;
  }
  async all() {
    while (this.dirty) {
      if (this.torn) return this.apart();
      const text = this.studio.editor.text;
      try {
        const said = await this.one({ flow: this.studio.flow, file: this.file, text, revision: this.revision, ...this.studio.shown });
        Object.assign(this, { kept: text, revision: said.revision, attempts: 0 });
        this.studio.written(said);
      } catch (error) {
        const failed = [404, 409].includes(error.status) ? await this.compared().catch((other) => other) : error;
        if (failed) return this.failed(failed);
      }
    }
    if (document.getElementById("saved").textContent) this.tell(t("draft saved", "草稿已保存"));
    return true;
  }
  one(body) {
    return send("write", body).catch((error) => {
      if (error.status !== 404 || this.kept !== null) throw error;
      return send("new", body); // it was taken away, and is wanted all the same
    });
  }
  // The draft is another by now. Where this file of it is as it was, the text follows that draft.
  async compared() {
    const { flow, file } = this.studio;
    const said = await ask("file", { flow, file }).catch((error) => {
      if (error.status !== 404) throw error;
      return ask("told", { flow }).then(({ state }) => ({ text: null, revision: state.revision }));
    });
    if (said.text === this.kept || said.text === this.studio.editor.text) Object.assign(this, { kept: said.text, revision: said.revision });
    else this.torn = said;
  }
  apart() {
    this.tell(t("! not saved: changed in another window", "! 未保存：已在另一个窗口中修改"), true, Object.assign(document.createElement("button"), { textContent: t("choose", "选择"), onclick: () => this.apart() }));
    this.studio.sheet.elsewhere(this.studio.editor.text, this.torn.text);
    return false;
  }
  failed(error) {
    this.tell(t(`! not saved: ${error.message}`, `! 未保存：${error.message}`), true, error.status === 401 && login());
    if (LATER.includes(error.status) || error.status >= 500) this.soon(Math.min(LONGEST, 500 * 2 ** this.attempts++));
    return false;
  }
  // One of two texts is chosen; the other is put aside. Raises where that cannot be done: then nothing is chosen.
  async choose(mine) {
    const { text, revision } = this.torn;
    const other = mine ? text : this.studio.editor.text;
    if (other !== null) await send("keep", { flow: this.studio.flow, file: this.file, text: other, revision });
    const file = mine || text !== null ? this.file : "";
    if (!mine && text !== null) this.studio.editor.replace(text);
    this.took(file, text, revision);
    if (mine) await this.write();
    else await this.studio.look();
  }
  tell(words, bad = false, more = null) {
    const place = document.getElementById("saved");
    place.className = bad ? "bad" : "soft";
    place.replaceChildren(words, ...(more ? [" ", more] : []));
  }
}

// In another tab: this one has what is not saved yet.
export function login() {
  return Object.assign(document.createElement("a"), { href: "/login?next=/studio", target: "_blank", rel: "noopener", textContent: t("log in", "登录") });
}
