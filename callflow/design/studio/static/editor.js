// The editor: YAML with Problems in the margin and what can be written here, on NiceGUI's CodeMirror.
import * as CM from "nicegui-codemirror";

import { t } from "./words.js";

const SIGNS = { error: "✕", warning: "!", info: "i" };
const ORDER = ["error", "warning", "info"];
// The words of CodeMirror's own panels, as far as they are seen.
const CHINESE = {
  Find: "查找", Replace: "替换为", next: "下一个", previous: "上一个", all: "全部", "match case": "区分大小写", regexp: "正则", "by word": "整词",
  replace: "替换", "replace all": "全部替换", close: "关闭", "Go to line": "转到行", go: "转到", "No results": "没有结果",
};
const setProblems = CM.StateEffect.define();

class Sign extends CM.GutterMarker {
  constructor(level, title) {
    super();
    this.level = level;
    this.title = title;
  }
  eq(other) {
    return other.level === this.level && other.title === this.title;
  }
  toDOM() {
    const sign = document.createElement("span");
    sign.className = `sign ${this.level}`;
    sign.textContent = SIGNS[this.level];
    sign.title = this.title;
    return sign;
  }
}

// Where a Problem lies in the document: its column counts characters, the editor counts UTF-16.
export function placeOf(doc, problem) {
  const line = doc.line(Math.min(Math.max(problem.line, 1), doc.lines));
  const before = Array.from(line.text).slice(0, Math.max(problem.column - 1, 0)).join("").length;
  const from = Math.min(line.from + before, line.to);
  const rest = line.text.slice(from - line.from);
  const word = /^(?:"[^"]*"?|'[^']*'?|[^\s:,\]}]+)/.exec(rest);
  return { line, from, to: Math.max(from, from + (word ? word[0].length : rest.length)) };
}

const marks = CM.StateField.define({
  create: () => ({ signs: CM.RangeSet.empty, lines: CM.Decoration.none }),
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setProblems)) return laid(transaction.state.doc, effect.value);
    return transaction.docChanged ? { signs: value.signs.map(transaction.changes), lines: value.lines.map(transaction.changes) } : value;
  },
  provide: (field) => CM.EditorView.decorations.from(field, (value) => value.lines),
});

function laid(doc, problems) {
  const lines = new Map();
  const under = [];
  for (const problem of problems) {
    const { line, from, to } = placeOf(doc, problem);
    const at = lines.get(line.from) || [];
    lines.set(line.from, [...at, problem]);
    if (to > from) under.push(CM.Decoration.mark({ class: `under ${problem.level}` }).range(from, to));
  }
  const signs = [...lines].map(([from, all]) => {
    const level = ORDER.find((one) => all.some((problem) => problem.level === one));
    return new Sign(level, all.map((problem) => problem.message).join("\n")).range(from);
  });
  return { signs: CM.RangeSet.of(signs, true), lines: CM.Decoration.set(under, true) };
}

// After a key that opens something ("phrases:") the next line belongs to it.
function indented(view) {
  const { from, to } = view.state.selection.main;
  const line = view.state.doc.lineAt(from);
  const key = /^(\s*(?:- +)?)[^\s#:-][^#:]*:\s*$/.exec(line.text);
  if (from !== to || !key || line.text.slice(from - line.from).trim()) return false;
  const end = line.from + line.text.trimEnd().length;
  const insert = `\n${" ".repeat(key[1].length + 2)}`;
  view.dispatch({ changes: { from: end, to: line.to, insert }, selection: { anchor: end + insert.length }, scrollIntoView: true, userEvent: "input" });
  return true;
}

export class Editor {
  // changed(text), moved(line); complete(text, line, column) answers {start, options}.
  constructor(parent, { changed, moved, complete, dark, keys }) {
    this.quiet = false;
    this.problems = [];
    // The same object every time it is asked for: another one would be another source, to be asked anew.
    const completing = [{ autocomplete: (context) => this.options(context, complete) }];
    this.extensions = [
      CM.Prec.highest(CM.keymap.of(keys)),
      CM.gutter({ class: "signs", markers: (view) => view.state.field(marks).signs, initialSpacer: () => new Sign("info", "") }),
      CM.keymap.of([{ key: "Enter", run: indented }]),
      CM.basicSetup,
      CM.EditorState.phrases.of(t({}, CHINESE)),
      marks,
      CM.keymap.of([CM.indentWithTab]),
      CM.indentUnit.of("  "),
      CM.EditorView.lineWrapping,
      CM.EditorState.languageData.of(() => completing),
      CM.hoverTooltip((view, position) => this.tooltip(view, position)),
      CM.EditorView.updateListener.of((update) => {
        if (update.docChanged && !this.quiet) changed(update.state.doc.toString());
        if (update.selectionSet || update.docChanged) moved(this.line);
      }),
      ...(dark ? [CM.syntaxHighlighting(CM.oneDarkHighlightStyle)] : []),
      CM.EditorView.theme({}, { dark }),
    ];
    this.view = new CM.EditorView({ parent, state: this.state("") });
    CM.languages.find(({ name }) => name === "YAML").load().then((yaml) => {
      this.extensions.push(yaml);
      this.view.dispatch({ effects: CM.StateEffect.appendConfig.of(yaml) });
    });
  }
  state(text) {
    return CM.EditorState.create({ doc: text, extensions: this.extensions });
  }
  get text() {
    return this.view.state.doc.toString();
  }
  get line() {
    return this.view.state.doc.lineAt(this.view.state.selection.main.head).number;
  }
  // Another file: nothing of the one before can be undone in it.
  open(text) {
    this.view.setState(this.state(text));
    this.show(this.problems);
  }
  // The same file as somebody else left it; the cursor stays where it is.
  replace(text) {
    const old = this.text;
    if (old === text) return;
    let start = 0;
    while (start < old.length && start < text.length && old[start] === text[start]) start++;
    let [a, b] = [old.length, text.length];
    while (a > start && b > start && old[a - 1] === text[b - 1]) [a, b] = [a - 1, b - 1];
    this.quiet = true;
    this.view.dispatch({ changes: { from: start, to: a, insert: text.slice(start, b) } });
    this.quiet = false;
  }
  show(problems) {
    this.problems = problems;
    this.view.dispatch({ effects: setProblems.of(problems) });
  }
  jump(problem) {
    const { from } = placeOf(this.view.state.doc, problem);
    this.view.dispatch({ selection: { anchor: from }, effects: CM.EditorView.scrollIntoView(from, { y: "center" }) });
    this.view.focus();
  }
  // A rehearsal of its own as the first of a file's; its name is chosen, to be written over. Returns whether there is a place.
  add(rehearsal) {
    const first = /^rehearsals:[ \t]*(?:#.*)?\n((?:[ \t]*(?:#.*)?\n)*)( *)- /m.exec(this.text);
    if (this.text.trim() && !first) return false;
    const [head, ...rest] = rehearsal.trimEnd().split("\n");
    const lines = first ? rest.map((line) => first[2] + line.slice(2)) : [head, ...rest];
    const from = first ? first.index + first[0].indexOf("\n") + 1 : 0;
    const insert = `${lines.join("\n")}\n`;
    const at = from + insert.indexOf("name: ") + 6;
    this.view.dispatch({ changes: { from, to: first ? from : this.text.length, insert }, selection: { anchor: at, head: from + insert.indexOf("\n", at - from) }, scrollIntoView: true });
    return true;
  }
  // What mends a mistake, if the text is still what it was read as. Returns whether it was.
  mend(edit) {
    const { line, from } = placeOf(this.view.state.doc, edit);
    const at = line.text.indexOf(edit.old, Math.max(0, from - line.from));
    if (at < 0) return false;
    this.view.dispatch({ changes: { from: line.from + at, to: line.from + at + edit.old.length, insert: edit.new } });
    this.view.focus();
    return true;
  }
  tooltip(view, position) {
    const line = view.state.doc.lineAt(position).number;
    const here = this.problems.filter((problem) => Math.max(problem.line, 1) === line);
    if (!here.length) return null;
    const dom = document.createElement("div");
    dom.className = "told";
    for (const problem of here) {
      const words = document.createElement("p");
      words.className = problem.level;
      words.textContent = `${SIGNS[problem.level]} ${problem.message}`;
      dom.append(words);
    }
    return { pos: position, above: true, create: () => ({ dom }) };
  }
  async options(context, complete) {
    const word = context.matchBefore(/[\w\u3400-\u9fff.\-]+$/);
    if (!word && !context.explicit) return null;
    const line = context.state.doc.lineAt(context.pos);
    const column = Array.from(line.text.slice(0, context.pos - line.from)).length + 1;
    const found = await complete(context.state.doc.toString(), line.number, column);
    if (!found || !found.options.length || context.aborted) return null;
    const from = line.from + Array.from(line.text).slice(0, found.start - 1).join("").length;
    const kinds = { key: "property", word: "enum", name: "variable", term: "function" };
    const options = found.options.map(([label, detail, kind]) => ({ label, info: detail || undefined, type: kinds[kind] }));
    return { from, options, validFor: /^[\w\u3400-\u9fff .\-]*$/ };
  }
}
