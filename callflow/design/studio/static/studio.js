// The studio's page: what is typed goes to the server as a draft, and what that means comes back.
import { Diagram } from "./diagram.js";
import { Editor } from "./editor.js";
import { ask, fragment, send } from "./server.js";
import { Sheet } from "./sheet.js";
import { Simulator } from "./simulator.js";
import { t } from "./words.js";

const WAIT = 60; // milliseconds without a key before the server is asked
const $ = (id) => document.getElementById(id);

function begin() {
  const page = $("studio");
  if (!page) return void requestAnimationFrame(begin);
  window.studio = new Studio(page.dataset.flow, page.dataset.file);
}

class Studio {
  constructor(flow, file) {
    this.flow = flow;
    this.file = "";
    this.revision = 0;
    this.quick = this.late = [];
    this.failed = [];
    this.seen = "";
    this.pending = this.sending = null;
    const theme = document.documentElement.dataset.theme;
    const dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    $("studio").classList.toggle("dark", dark);
    this.editor = new Editor($("editor"), {
      dark,
      changed: () => this.changed(),
      moved: (line) => this.diagram.follow(line),
      complete: (text, line, column) => send("complete", { flow: this.flow, file: this.file, text, line, column }).catch(() => null),
      keys: [{ key: "Mod-s", run: () => (this.write(), true) }, { key: "F8", run: () => (this.next(), true) }],
    });
    this.diagram = new Diagram($("diagram"));
    this.simulator = new Simulator(this.flow, this);
    this.sheet = new Sheet(this);
    for (const name of ["rules", "prompts", "situations"]) $(name).addEventListener("change", () => this.look());
    $("smaller").addEventListener("click", () => this.diagram.zoom(1 / 1.25));
    $("larger").addEventListener("click", () => this.diagram.zoom(1.25));
    $("fit").addEventListener("click", () => this.diagram.whole());
    $("file").addEventListener("change", () => this.open($("file").value));
    $("new").addEventListener("click", () => this.added());
    $("problems").addEventListener("click", (event) => this.chosen(event.target));
    $("conflicts").addEventListener("click", (event) => event.target.dataset.file && this.sheet.conflict(event.target.dataset.file));
    $("whatif")?.addEventListener("click", () => this.whatIf($("figures"), ""));
    addEventListener("beforeunload", () => this.pending && this.write(true));
    this.open(file).then(() => this.told());
  }
  get shown() {
    return { rules: $("rules").checked, prompts: $("prompts").checked, situations: $("situations").checked };
  }

  // ------------------------------------------------------------------------------------ writing
  async open(file, place) {
    if (this.pending) await this.write();
    if (file !== this.file) {
      const said = await ask("look", { flow: this.flow, file, ...this.shown }).catch((error) => this.trouble(error));
      if (!said) return;
      this.file = file;
      $("file").value = file;
      history.replaceState(null, "", `?file=${encodeURIComponent(file)}`);
      this.editor.open(said.text);
      this.taken(said);
    }
    if (place) this.editor.jump(place);
  }
  changed() {
    clearTimeout(this.pending);
    this.pending = setTimeout(() => this.write(), WAIT);
    $("saved").textContent = "…";
  }
  // One request at a time: what is typed meanwhile goes with the next.
  async write(leaving = false) {
    clearTimeout(this.pending);
    this.pending = null;
    if (this.sending) {
      await this.sending;
      if (!leaving && this.sent === this.editor.text) return;
    }
    const text = (this.sent = this.editor.text);
    this.sending = send("write", { flow: this.flow, file: this.file, text, revision: this.revision, ...this.shown }, leaving)
      .then((said) => {
        this.taken(said);
        $("saved").textContent = t("draft saved", "草稿已保存");
        this.soon();
      })
      .catch((error) => this.trouble(error))
      .finally(() => (this.sending = null));
    await this.sending;
  }
  async look() {
    const said = await ask("look", { flow: this.flow, file: this.file, ...this.shown }).catch((error) => this.trouble(error));
    if (said) this.taken(said);
  }
  taken(said) {
    this.revision = said.revision;
    this.quick = said.problems;
    this.list();
    $("stale").hidden = Boolean(said.drawn);
    $("diagram").classList.toggle("stale", !said.drawn);
    const drawn = said.drawn || said.last;
    if (drawn) this.diagram.show(drawn.mermaid, drawn.places).then(() => this.diagram.follow(this.editor.line));
    document.body.dataset.ready = String(said.revision);
  }
  async trouble(error) {
    $("saved").textContent = `! ${error.message}`;
    if (error.status === 409) {
      await this.sheet.elsewhere(this.editor.text);
    }
  }
  async added() {
    const name = prompt(t("Name of the new file (holidays.yaml)", "新文件名（例如 holidays.yaml）"));
    if (!name) return;
    const said = await send("new", { flow: this.flow, file: name, text: "\n", revision: this.revision }).catch((error) => this.trouble(error));
    if (!said) return;
    this.state(said);
    this.open(name);
  }

  // ------------------------------------------------------------------------------------ what it means
  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.told(), 500);
  }
  async told() {
    clearTimeout(this.timer);
    let said = null;
    if (!document.hidden) said = await ask("told", { flow: this.flow }).catch(() => null);
    if (said) {
      await this.state(said.state);
      if (said.problems) this.late = said.problems;
      this.failed = said.failed || [];
      this.list();
      this.figures(said);
      if (said.done && this.asked !== this.revision) {
        this.asked = this.revision;
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
      ...state.conflicts.map((name) => Object.assign(document.createElement("button"), { className: "quiet", textContent: `⚠ ${name}: ${t("changed by somebody else, too; compare", "也被他人修改，点此对比")}` })),
    );
    [...warned.children].forEach((button, number) => (button.dataset.file = state.conflicts[number]));
    $("overlays").textContent = state.overlays ? t(`running on ${state.overlays}`, `${state.overlays} 个浮窗在用`) : "";
    if (this.seen && this.seen !== state.seen && !this.pending && !this.sending) {
      const said = await ask("look", { flow: this.flow, file: this.file, ...this.shown }).catch(() => null);
      if (said) {
        if (!this.pending && !this.sending) this.editor.replace(said.text);
        this.taken(said);
      } else if (!state.files.includes(this.file)) {
        this.file = "";
        await this.open(state.files[0]);
      }
    }
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
    $("counts").textContent = errors || warnings ? `✕ ${errors} ${t(errors === 1 ? "mistake" : "mistakes", "错误")} · ! ${warnings} ${t(warnings === 1 ? "warning" : "warnings", "警告")}` : t("✓ no mistakes", "✓ 没有错误");
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
  async whatIf(place, version) {
    place.textContent = "…";
    place.innerHTML = await fragment("whatif", { flow: this.flow, version }).catch((error) => (void (place.textContent = error.message), place.textContent));
  }
}

function span(name, words) {
  return Object.assign(document.createElement("span"), { className: name, textContent: words });
}

begin();
