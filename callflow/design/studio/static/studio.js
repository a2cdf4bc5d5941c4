// The studio's page: what is typed goes to the server as a draft, and what that means comes back.
import { Diagram } from "./diagram.js";
import { Editor } from "./editor.js";
import { ask, fill, send } from "./server.js";
import { Sheet } from "./sheet.js";
import { Simulator } from "./simulator.js";
import { counted, t } from "./words.js";
import { login, Writing } from "./writing.js";

const $ = (id) => document.getElementById(id);

function begin() {
  const page = $("studio");
  if (!page) return void requestAnimationFrame(begin);
  window.studio = new Studio(page.dataset.flow, page.dataset.file);
}

class Studio {
  constructor(flow, file) {
    this.flow = flow;
    this.quick = this.late = [];
    this.failed = [];
    this.seen = "";
    this.opening = 0;
    this.writing = new Writing(this);
    const theme = document.documentElement.dataset.theme;
    const dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    this.editor = new Editor($("editor"), {
      dark,
      changed: () => this.writing.changed(),
      moved: (line) => this.diagram.follow(line),
      complete: (text, line, column) => send("complete", { flow: this.flow, file: this.file, text, line, column }).catch(() => null),
      keys: [{ key: "Mod-s", run: () => (this.writing.write(), true) }, { key: "F8", run: () => (this.next(), true) }],
    });
    this.diagram = new Diagram($("diagram"), dark);
    this.simulator = new Simulator(this.flow, this);
    this.sheet = new Sheet(this);
    for (const name of ["rules", "prompts", "situations"]) $(name).addEventListener("change", () => this.look());
    $("smaller").addEventListener("click", () => this.diagram.zoom(1 / 1.25));
    $("larger").addEventListener("click", () => this.diagram.zoom(1.25));
    $("fit").addEventListener("click", () => this.diagram.zoom(0));
    $("screen").addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : $("diagram").parentElement.requestFullscreen()));
    $("file").addEventListener("change", () => this.open($("file").value));
    $("new").addEventListener("click", () => this.added());
    $("delete").addEventListener("click", () => this.deleted());
    $("problems").addEventListener("click", (event) => this.chosen(event.target));
    $("conflicts").addEventListener("click", (event) => event.target.dataset.file && this.sheet.conflict(event.target.dataset.file));
    $("whatif")?.addEventListener("click", () => this.whatIf($("figures"), ""));
    this.open(file).then(() => this.told());
  }
  get shown() {
    return { rules: $("rules").checked, prompts: $("prompts").checked, situations: $("situations").checked };
  }

  get file() {
    return this.writing.file;
  }

  // ------------------------------------------------------------------------------------ writing
  // Another file is opened when the server has all of this one.
  async open(file, place) {
    if (file !== this.file) {
      const opening = ++this.opening;
      const said = (await this.writing.write()) && (await ask("look", { flow: this.flow, file, ...this.shown }).catch((error) => this.trouble(error)));
      const left = said && opening === this.opening && (await this.writing.write());
      if (!left) return void ($("file").value = this.file);
      this.editor.open(said.text);
      this.writing.took(file, said.text, said.revision);
      $("file").value = file;
      $("saved").textContent = "";
      history.replaceState(null, "", `?file=${encodeURIComponent(file)}`);
      this.taken(said);
    }
    if (place) this.editor.jump(place);
  }
  // The same file as it is by now. What is being written is not touched: when that is sent, the server says the same.
  async look() {
    await this.writing.sending;
    const { file, revision } = this.writing;
    const said = await ask("look", { flow: this.flow, file, ...this.shown }).catch((error) => this.trouble(error));
    if (!said || this.writing.sending || file !== this.file || revision !== this.writing.revision) return false;
    if (!this.writing.dirty) {
      this.editor.replace(said.text);
      this.writing.took(file, said.text, said.revision);
    }
    this.taken(said);
    return !this.writing.dirty;
  }
  written(said) {
    if (said.problems) this.taken(said);
    else this.look();
    this.soon();
  }
  taken(said) {
    this.quick = said.problems;
    this.list();
    $("stale").hidden = Boolean(said.drawn);
    $("diagram").classList.toggle("stale", !said.drawn);
    const drawn = said.drawn || said.last;
    if (drawn) this.diagram.show(drawn.mermaid, drawn.places).then(() => this.diagram.follow(this.editor.line));
    document.body.dataset.ready = String(said.revision);
  }
  trouble(error) {
    if (!this.writing.dirty) this.writing.tell(`! ${error.message}`, true, error.status === 401 && login());
  }
  async added(wrong = "", before = "") {
    const name = prompt(`${wrong}${t("Name of the new file (holidays.yaml)", "新文件名（例如 holidays.yaml）")}`, before);
    const error = name && (await this.changed("new", { file: name, text: "\n" }));
    if (error?.status === 422) await this.added(`${error.message}\n`, name);
    else if (name && !error) await this.open(name);
  }
  async deleted() {
    const file = this.file;
    const sure = t(`Delete ${file}? It goes when you publish; until then “Changes” brings it back.`, `删除 ${file}？发布后生效；发布前可在“查看修改”中恢复。`);
    if (confirm(sure)) await this.changed("delete", { file });
  }
  // A file comes or goes. Returns the error where it does not.
  async changed(path, values) {
    if (!(await this.writing.write())) return new Error();
    const said = await send(path, { flow: this.flow, revision: this.writing.revision, ...values }).catch((error) => error);
    if (said instanceof Error) this.trouble(said);
    else this.writing.revision = said.revision;
    await this.told();
    return said instanceof Error ? said : null;
  }

  // ------------------------------------------------------------------------------------ what it means
  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.told(), 500);
  }
  async told() {
    clearTimeout(this.timer);
    let said = null;
    if (!document.hidden) said = await ask("told", { flow: this.flow }).catch((error) => void (this.trouble(error), (this.away = true)));
    if (said) {
      if (this.away && this.writing.dirty) this.writing.write();
      else if (this.away) this.writing.tell("");
      this.away = false;
      await this.state(said.state);
      if (said.problems) this.late = said.problems;
      this.failed = said.failed || [];
      this.list();
      this.figures(said);
      if (said.done && this.asked !== this.writing.revision) {
        this.asked = this.writing.revision;
        this.simulator.play();
      }
    }
    this.timer = setTimeout(() => this.told(), said && !said.done ? 400 : 2000);
  }
  // How the draft stands to the folder: somebody may have published, or changed a file by hand.
  async state(state) {
    const files = $("file");
    const signs = (name) => (state.conflicts.includes(name) ? "⚠ " : state.changed.includes(name) ? "● " : "");
    const names = JSON.stringify([state.files, state.changed, state.conflicts]);
    if (names !== this.names) {
      this.names = names;
      files.replaceChildren(...state.files.map((name) => new Option(signs(name) + name, name, false, name === this.file)));
    }
    const warned = $("conflicts");
    warned.hidden = !state.conflicts.length;
    warned.replaceChildren(
      ...state.conflicts.map((name) => Object.assign(document.createElement("button"), { className: "quiet", textContent: `⚠ ${name}: ${t("changed in the folder, too; compare", "文件夹中的也已改变，点此对比")}` })),
    );
    [...warned.children].forEach((button, number) => (button.dataset.file = state.conflicts[number]));
    $("overlays").textContent = state.overlays ? t(`running on ${state.overlays}`, `${state.overlays} 个浮窗在用`) : "";
    const other = this.seen && (this.seen !== state.seen || this.writing.revision !== state.revision);
    if (this.writing.busy) return; // the next time
    if (!state.files.includes(this.file)) {
      this.writing.took("", "", state.revision);
      if (state.files.length) await this.open(state.files[0]);
    } else if (other && !(await this.look())) return;
    this.seen = state.seen;
  }
  figures({ count, played, passed, covered, done, broken }) {
    const failed = played - passed;
    const sign = failed ? "✕" : done ? "✓" : "…";
    $("played").className = failed ? "bad" : done && count !== null ? "good" : "";
    $("played").textContent = broken
      ? t("the rehearsals broke off", "演练中断")
      : count === null || count === undefined
        ? ""
        : `${sign} ${t("rehearsals", "演练")} ${done ? passed : played} / ${count}`;
    $("covered").textContent = covered == null ? "" : `${t("coverage", "覆盖")} ${(100 * covered).toFixed(0)} %`;
  }
  // What the reader says at once, with what lint and rehearsals said of the text before; the same thing once.
  get problems() {
    const key = (one) => [one.file, one.line, one.column, one.rule, one.message].join("\0");
    const known = new Set(this.quick.map(key));
    const broken = this.quick.some((one) => one.level === "error");
    const late = this.late.filter((one) => !known.has(key(one)) && !(one.level === "error" && (broken || one.file === this.file)));
    const here = (one) => (one.file === this.file ? 0 : 1);
    const order = { error: 0, warning: 1, info: 2 };
    return [...this.quick, ...late].sort((a, b) => order[a.level] - order[b.level] || here(a) - here(b) || a.file.localeCompare(b.file) || a.line - b.line);
  }
  list() {
    const all = this.problems;
    this.listed = all;
    this.editor.show(all.filter((one) => one.file === this.file));
    const rows = all.slice(0, 200).map((one, number) => this.row(one, number));
    rows.push(...this.failed.slice(0, 50).map((one) => this.failure(one)));
    $("problems").replaceChildren(...rows);
    const count = (level) => all.filter((one) => one.level === level).length;
    const [errors, warnings] = [count("error"), count("warning")];
    $("counts").className = errors ? "bad" : "";
    const found = [errors && `✕ ${counted(errors, "mistake", "错误")}`, warnings && `! ${counted(warnings, "warning", "警告")}`].filter(Boolean);
    $("counts").textContent = found.join(" · ") || t("✓ no mistakes", "✓ 没有错误");
  }
  row(problem, number) {
    const row = document.createElement("li");
    row.className = problem.level;
    row.tabIndex = 0;
    row.dataset.number = number;
    const sign = { error: "✕", warning: "!", info: "i" }[problem.level];
    const where = problem.file === this.file ? `${problem.line}:${problem.column}` : `${problem.file}:${problem.line}`;
    row.append(span("sign", sign), span("where", where), span("what", problem.message));
    if (problem.edit) {
      const mend = Object.assign(document.createElement("button"), { className: "mend", textContent: t(`write “${problem.edit.new}”`, `改为“${problem.edit.new}”`) });
      row.append(mend);
    }
    return row;
  }
  failure(one) {
    const row = document.createElement("li");
    row.className = "error failed";
    row.tabIndex = 0;
    row.dataset.at = JSON.stringify({ file: one.file, line: one.line, column: one.column });
    row.append(span("sign", "✕"), span("where", `${one.file}:${one.line}`), span("what", `${t("rehearsal", "演练")} ${one.name}: ${one.why.join("; ")}`));
    return row;
  }
  async chosen(target) {
    const row = target.closest("li");
    if (!row) return;
    const problem = row.dataset.at ? JSON.parse(row.dataset.at) : this.listed[row.dataset.number];
    const mend = target.classList.contains("mend") ? problem.edit : null;
    await this.open(problem.file, problem);
    if (mend && !this.editor.mend(mend)) this.look();
  }
  next() {
    const here = this.listed.filter((one) => one.file === this.file).sort((a, b) => a.line - b.line);
    const one = here.find((each) => each.line > this.editor.line) || here[0];
    if (one) this.editor.jump(one);
  }
  whatIf(place, version) {
    place.textContent = "…";
    return fill(place, "whatif", { flow: this.flow, version });
  }
}

function span(name, words) {
  return Object.assign(document.createElement("span"), { className: name, textContent: words });
}

begin();
