"""Tables of a spreadsheet to phrases; whatever is wrong with a cell becomes a Problem at that cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from callflow.design.sheets.phrases import COLUMNS, KINDS, SHEETS, WHOLE, Kind, SheetPhrase, variables_of
from callflow.design.sheets.tables import Cell, Line, Table, warning
from callflow.flow.located_yaml import NOT_TEXT
from callflow.flow.model import PLAIN_BRACKETS, Flow
from callflow.flow.names import SEVERITY_TITLES
from callflow.flow.read import REHEARSALS
from callflow.phrases.template import TemplateError, expand
from callflow.problems import Location, Problem, did_you_mean, has_errors
from callflow.texts import Text, text

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\xad"))

_MAJOR_OF_OLD = "一般"
"""What workbooks called ``major`` before they had the words of reports."""


@dataclass(slots=True)
class Wanted:
    """A phrase as the spreadsheet wants it. ``said``: the whole-phrase columns that the table has; ``places``: where
    each of its texts stands, for what is found wrong later."""

    name: str
    kind: Kind
    at: Location
    wordings: dict[str, Location] = field(default_factory=dict)
    whole: dict[str, Cell] = field(default_factory=dict)
    said: frozenset[str] = frozenset()
    above: str = ""
    """The phrase in the line above this one's first: where a new one without a file belongs."""

    def value(self, column: str) -> str:
        cell = self.whole.get(column)
        return cell.text if cell else ""


def read(
    tables: Iterable[Table], known: Iterable[SheetPhrase], flow: Flow, sources: Mapping[str, str]
) -> tuple[list[Wanted], list[Problem]]:
    """The phrases of all tables. They may be used only where no Problem is an error."""
    reader = _Reader({phrase.name: phrase for phrase in known}, flow, sources)
    for table in tables:
        reader.table(table)
    wanted = list(reader.wanted.values())
    for one in wanted:
        reader.check(one)
    return wanted, reader.problems


class _Reader:
    def __init__(self, known: Mapping[str, SheetPhrase], flow: Flow, sources: Mapping[str, str]) -> None:
        self.known = known
        self.flow = flow
        self.files = [file for file in sources if not file.endswith(REHEARSALS)]
        self.variables = variables_of(sources)
        self.wanted: dict[str, Wanted] = {}
        self.problems: list[Problem] = []

    def wrong(self, at: Location, en: str, zh: str, **slots: object) -> None:
        self.problems.append(Problem(at, text(en, zh, **slots), "sheet-cell"))

    def table(self, table: Table) -> None:
        """One sheet, its headings first."""
        lines = iter(line for line in table.lines if any(cell.text.strip() for cell in line))
        columns = self._headings(next(lines, []), table)
        if columns is None:
            return
        above = ""
        for line in lines:
            cells = {column: line[place] for column, place in columns.items() if place < len(line)}
            above = self._line(cells, table.kind, frozenset(columns), line[0].at, above) or above

    def _headings(self, line: Line, table: Table) -> dict[str, int] | None:
        """Which column is where; ``None`` where one is missing without which nothing can be read."""
        columns: dict[str, int] = {}
        names = {word.lower(): column for column, title in COLUMNS.items() for word in (title.en, title.zh, column)}
        before = len(self.problems)
        for place, cell in enumerate(line):
            title = _folded(cell.text).lower()
            column = names.get(title)
            if column in columns and column:
                self.wrong(cell.at, 'a second column "{t}"', "重复的列“{t}”", t=cell.text.strip())
            elif column:
                columns[column] = place
            elif title:
                near = did_you_mean(title, names)
                self.problems.append(
                    warning(cell.at, Text(f"this column is not read{near.en}", f"未读取这一列{near.zh}"))
                )
        at = line[0].at if line else table.at
        needed = ("name", "wording") if table.kind else ("kind", "name", "wording")
        for column in needed:
            if column not in columns:
                title_ = COLUMNS[column]
                self.wrong(at, 'there is no column "{e}" ({z})', "缺少“{z}”（{e}）列", e=title_.en, z=title_.zh)
        return None if has_errors(self.problems[before:]) else columns

    # ------------------------------------------------------------------------------------ one line

    def _line(self, cells: dict[str, Cell], kind: Kind | None, said: frozenset[str], at: Location, above: str) -> str:
        """Take a line in; returns the phrase that it belongs to."""
        for cell in cells.values():
            if cell.wrong and cell.text:
                self.problems.append(Problem(cell.at, cell.wrong, "sheet-cell"))
        name = self._name(cells["name"] if "name" in cells else Cell("", at))
        wording = self._wording(cells.get("wording", Cell("", at)), name)
        kind = kind or self._kind(cells.get("kind", Cell("", at)))
        if not name or not wording.text or kind is None:
            return name
        wanted = self.wanted.setdefault(
            name, Wanted(name, kind, cells["name"].at, above=above, said=said & frozenset(WHOLE))
        )
        if wanted.kind != kind:
            self.wrong(
                cells["name"].at, '"{n}" stands in both kinds: first at {a}', "“{n}”在两类中都出现：首次在 {a}",
                n=name, a=wanted.at,
            )  # fmt: skip
            return name
        if wording.text in wanted.wordings:
            first = wanted.wordings[wording.text]
            self.wrong(wording.at, "the same wording as in {a}", "与 {a} 的用语相同", a=first)
        wanted.wordings.setdefault(wording.text, wording.at)
        for column in WHOLE:
            if column in cells:
                self._whole(wanted, column, cells[column])
        return name

    def _name(self, cell: Cell) -> str:
        if cell.text in self.known:
            return cell.text
        name = self._clean(cell, _folded(cell.text))
        if not name:
            self.wrong(cell.at, "the phrase has no name: write it in each of its lines", "缺少短语名称：每一行都要填写")
        elif len(name.split()) > 1 or re.search(r"[:#\[\]{}&*!|>'\"%@`,]", name) or not name[0].isalnum():
            self.wrong(
                cell.at,
                '"{n}" cannot be a name: letters and digits with hyphens',
                "“{n}”不能作名称：请用文字、字母、数字和连字符",
                n=name[:40],
            )  # fmt: skip
            return ""
        return name

    def _kind(self, cell: Cell) -> Kind | None:
        word = _folded(cell.text).lower()
        found = next((kind for kind in KINDS if word in (kind, SHEETS[kind].zh, SHEETS[kind].en.lower())), None)
        if found is None:
            names = [SHEETS[kind].zh for kind in KINDS]
            self.wrong(cell.at, '"{w}" is no kind: {n}', "“{w}”不是类别：{n}", w=word[:40], n="、".join(names))
        return found

    def _wording(self, cell: Cell, name: str) -> Cell:
        """A wording, cleaned unless the flow has it just so."""
        known = self.known.get(name)
        if known and cell.text in known.wordings:
            return cell
        words = self._clean(cell, _stripped(cell.text).translate(PLAIN_BRACKETS))
        if not words:
            self.wrong(cell.at, "the wording is missing", "缺少用语")
        return Cell(words, cell.at)

    def _whole(self, wanted: Wanted, column: str, cell: Cell) -> None:
        """What speaks of the whole phrase: said once, or the same in each line."""
        known = self.known.get(wanted.name)
        value = cell.text
        if not value.strip():
            return
        if not (known and value == getattr(known, column)):
            value = self._clean(cell, _stripped(value) if column == "better" else _folded(value))
        if column == "severity":
            value = self._severity(cell, value)
            if not value:
                return
        first = wanted.whole.setdefault(column, Cell(value, cell.at))
        if first.text != value:
            title = COLUMNS[column]
            self.wrong(
                cell.at, "{t}: not the same as in {a}", "{z}：与 {a} 中同一短语的内容不一致",
                t=title.en, z=title.zh, a=first.at,
            )  # fmt: skip

    def _severity(self, cell: Cell, word: str) -> str:
        for key, title in SEVERITY_TITLES.items():
            if word.lower() in (key, title.zh):
                return key
        if word == _MAJOR_OF_OLD:
            return "major"
        words = [f"{title.zh} ({key})" for key, title in SEVERITY_TITLES.items()]
        near = did_you_mean(word, [*SEVERITY_TITLES, *(title.zh for title in SEVERITY_TITLES.values())])
        list_ = "、".join(words)
        self.wrong(
            cell.at, '"{w}" is none of {l}{n}', "“{w}”不在 {l} 之中{m}", w=word[:40], l=list_, n=near.en, m=near.zh
        )
        return ""

    def _clean(self, cell: Cell, text_: str) -> str:
        """The text of a cell as it will be taken; a warning where that is not how it stands there."""
        if cell.wrong:
            return text_ or "?"
        if bad := NOT_TEXT.search(text_) or re.search(r"[\t\r\n\x85\u2028\u2029]", text_):
            sign = f"U+{ord(bad[0]):04X}"
            self.wrong(
                cell.at, "must be one line: there is a sign {s} in it", "应为一行文字：其中有换行或特殊字符（{s}）",
                s=sign,
            )  # fmt: skip
        elif text_ != cell.text and text_:
            en, zh = 'stray blanks or full-width signs; read as "{t}"', "有多余空格或全角符号，按“{t}”读取"
            self.problems.append(warning(cell.at, text(en, zh, t=text_), "sheet-blanks"))
        return text_

    # ------------------------------------------------------------------------------------ one phrase

    def check(self, wanted: Wanted) -> None:
        """What only the whole phrase, and the flow, can tell."""
        known = self.flow.phrases.get(wanted.name)
        if known and known.kind != wanted.kind:
            self.wrong(
                wanted.at, '"{n}" is {k} in the flow ({a}), not {w}', "“{n}”在流程中是 {k}（{a}），不是 {w}",
                n=wanted.name, k=known.kind, a=known.at, w=wanted.kind,
            )  # fmt: skip
        is_new = known is None
        if wanted.kind == "never" and not wanted.value("better") and (is_new or "better" in wanted.said):
            self.wrong(wanted.at, '"{n}" needs a better wording', "“{n}”缺少“改用”", n=wanted.name)
        elif wanted.kind == "say" and wanted.value("better"):
            self.wrong(wanted.whole["better"].at, "only what is forbidden has a better wording", "只有禁用语才有“改用”")
        self._one_of(wanted, "group", self.flow.groups)
        self._one_of(wanted, "file", self.files)
        moved = self.known.get(wanted.name)
        if moved and wanted.value("file") not in ("", moved.file):
            self.wrong(
                wanted.whole["file"].at, '"{n}" stands in {f}; move it by hand', "“{n}”在 {f} 中；移动请手动修改",
                n=wanted.name, f=moved.file,
            )  # fmt: skip
        for wording, at in wanted.wordings.items():
            self._template(wording, at)

    def _one_of(self, wanted: Wanted, column: str, known: Collection[str]) -> None:
        value = wanted.value(column)
        if value and value not in known:
            near, title = did_you_mean(value, known), COLUMNS[column]
            self.wrong(
                wanted.whole[column].at, '{t}: the flow has no "{v}"{n}', "{z}：流程中没有“{v}”{m}",
                t=title.en, z=title.zh, v=value[:60], n=near.en, m=near.zh,
            )  # fmt: skip

    def _template(self, wording: str, at: Location) -> None:
        for name, value in self.variables.items():
            wording = wording.replace("{" + name + "}", value)
        try:
            expand(wording, self.flow.slots)
        except TemplateError as error:
            self.problems.append(Problem(at, error.message, "template"))


def _stripped(words: str) -> str:
    """Without what nobody sees: blanks around it, and signs of no width."""
    return words.translate(_INVISIBLE).replace("\u3000", " ").replace("\xa0", " ").strip()


def _folded(words: str) -> str:
    """A word that is no speech, with full-width letters and signs as a keyboard has them."""
    return unicodedata.normalize("NFKC", _stripped(words))
