"""Phrases of a spreadsheet into the text of a flow: only what differs is changed, where it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from callflow.call.plan import Plan
from callflow.design.sheets.phrases import COLUMNS, SheetPhrase, phrases_of
from callflow.design.sheets.reading import Wanted
from callflow.errors import BadFlow
from callflow.flow.read import REHEARSALS, read_flow
from callflow.flow.yaml_edits import Edits, Spot, outline, written
from callflow.problems import Location, Problem, has_errors
from callflow.texts import Text, text


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that becomes different, and the cell that says so."""

    phrase: str
    file: str
    what: Text
    at: Location


@dataclass(frozen=True, slots=True)
class Merged:
    """The files whose text changes, and what changes in them. ``left``: how many phrases the spreadsheet has not."""

    texts: Mapping[str, str]
    changes: tuple[Change, ...]
    left: int


def merge(wanted: Iterable[Wanted], sources: Mapping[str, str], name: str) -> Merged:
    """Put the phrases into the files. Raises ``BadFlow`` where the flow would have mistakes then."""
    known = {phrase.name: phrase for phrase in phrases_of(sources)}
    places = {phrase.name: phrase.file for phrase in known.values()}
    pairs: list[tuple[Wanted, SheetPhrase]] = []
    for one in wanted:
        file = places[one.name] = _file_of(one, places, sources)
        pairs.append((one, _becomes(one, known.get(one.name), file)))
    by_file: dict[str, list[SheetPhrase]] = defaultdict(list)
    changes: list[Change] = []
    for one, phrase in pairs:
        old = known.get(phrase.name)
        if phrase != old:
            by_file[phrase.file].append(phrase)
            changes += _changes(one, phrase, old)
    texts = {file: _edited(sources[file], phrases, known) for file, phrases in by_file.items()}
    _check({**sources, **texts}, [phrase for _, phrase in pairs], changes, name)
    return Merged(texts, tuple(changes), len(known.keys() - {one.name for one, _ in pairs}))


def _file_of(one: Wanted, places: Mapping[str, str], sources: Mapping[str, str]) -> str:
    """Where a phrase stands, or, of a new one, where it belongs: the file it names, else that of the phrase above it in
    the spreadsheet, which is about the same subject; else the first file with phrases."""
    first = next(iter(places.values()), next(file for file in sources if not file.endswith(REHEARSALS)))
    return places.get(one.name) or one.value("file") or places.get(one.above) or first


def _becomes(one: Wanted, old: SheetPhrase | None, file: str) -> SheetPhrase:
    """The phrase as wanted; columns that the spreadsheet does not have stay as they were."""
    base = old or SheetPhrase(one.name, one.kind, (), file)
    said: dict[str, Any] = {
        column: one.value(column) for column in ("better", "severity", "group") if column in one.said
    }
    return replace(base, wordings=tuple(one.wordings), **said)


# ------------------------------------------------------------------------------------------------ what changes


def _changes(one: Wanted, new: SheetPhrase, old: SheetPhrase | None) -> list[Change]:
    def change(at: Location, en: str, zh: str, **slots: object) -> Change:
        return Change(new.name, new.file, text(en, zh, **slots), at)

    if old is None:
        return [change(one.at, "new phrase: {w}", "新短语：{w}", w=" / ".join(new.wordings))]
    found = [
        change(at, "new wording “{w}”", "新增用语“{w}”", w=wording)
        for wording, at in one.wordings.items()
        if wording not in old.wordings
    ]
    gone = [wording for wording in old.wordings if wording not in new.wordings]
    found += [change(one.at, "wording removed “{w}”", "删除用语“{w}”", w=wording) for wording in gone]
    kept = [wording for wording in old.wordings if wording in new.wordings]
    if kept != [wording for wording in new.wordings if wording in old.wordings]:
        found.append(change(one.at, "another order of its wordings", "用语顺序改变"))
    for column in ("better", "severity", "group"):
        was, now = getattr(old, column), getattr(new, column)
        if was != now:
            cell, title = one.whole.get(column), COLUMNS[column]
            was_now, at = f"“{was}” → “{now}”", cell.at if cell else one.at
            found.append(change(at, "{t}: {w}", "{z}：{w}", t=title.en.lower(), z=title.zh, w=was_now))
    return found


# ------------------------------------------------------------------------------------------------ the text


def _edited(source: str, phrases: list[SheetPhrase], known: Mapping[str, SheetPhrase]) -> str:
    """The text of a file with these phrases in it. Keys are taken out first, because what stands between brackets is
    put together anew then."""
    olds = [(phrase, old) for phrase in phrases if (old := known.get(phrase.name))]
    edits, section = _begin(source)
    for phrase, old in olds:
        for key in ("better", "severity", "group"):
            if getattr(old, key) and not getattr(phrase, key):
                edits.remove(_node(section, phrase.name), key)
                if section and _node(section, phrase.name).style:  # one at a time
                    edits, section = _begin(edits.text())
    edits, section = _begin(edits.text())
    for phrase, old in olds:
        node = _node(section, phrase.name)
        if phrase.wordings != old.wordings:
            edits.list_of(node, phrase.kind, phrase.wordings)
        for key in ("better", "severity", "group"):
            if getattr(phrase, key) not in ("", getattr(old, key)):
                edits.set(node, key, getattr(phrase, key))
    for phrase in phrases:
        if phrase.name not in known:
            edits.entry(section, "phrases", phrase.name, _lines(phrase))
            if section is None or not section.items:  # now there is one, and the next goes into it
                edits, section = _begin(edits.text())
    return edits.text()


def _begin(source: str) -> tuple[Edits, Spot | None]:
    root = outline(source)
    entry = root.get("phrases") if root else None
    return Edits(source), entry[1] if entry else None


def _node(section: Spot | None, name: str) -> Spot:
    entry = section.get(name) if section else None
    assert entry, name  # it was found there by ``phrases_of``
    return entry[1]


def _lines(phrase: SheetPhrase) -> list[str]:
    """What stands below the name of a new phrase."""
    listed = ", ".join(written(wording, '"') for wording in phrase.wordings)
    lines = [f"{phrase.kind}: [{listed}]"]
    if phrase.better:
        lines.append(f"better: {written(phrase.better, chr(34))}")
    return lines + [f"{key}: {written(value, '')}" for key in ("severity", "group") if (value := getattr(phrase, key))]


# ------------------------------------------------------------------------------------------------ the check


def _check(sources: Mapping[str, str], wanted: list[SheetPhrase], changes: list[Change], name: str) -> None:
    """Read the new text as any flow: it must have no mistake, and say what the spreadsheet says."""
    problems: list[Problem]
    flow, problems = read_flow(sources, name)
    if flow is None or has_errors(problems):
        raise BadFlow(
            text("the flow would have mistakes then", "导入后流程会有错误"), _at_cells(problems, changes, sources)
        )
    Plan.of(flow)
    now = {phrase.name: phrase for phrase in phrases_of(sources)}
    lost = [phrase for phrase in wanted if now.get(phrase.name) != phrase]
    if lost:
        message = text(
            "cannot be changed here without harm: edit this file by hand", "无法在此安全修改：请手动编辑这个文件"
        )
        raise BadFlow(
            text("nothing was changed", "未作任何修改"),
            [
                Problem(
                    flow.phrases[phrase.name].at if phrase.name in flow.phrases else Location(phrase.file),
                    message,
                    "sheet",
                )
                for phrase in lost
            ],
        )


def _at_cells(problems: Iterable[Problem], changes: Iterable[Change], sources: Mapping[str, str]) -> list[Problem]:
    """The Problems, each at the cell of the phrase in whose lines it stands, where that phrase was changed."""
    cells = {change.phrase: change.at for change in reversed(list(changes))}
    found = []
    for problem in problems:
        name = _phrase_at(sources.get(problem.at.file, ""), problem.at.line)
        at = cells.get(name)
        found.append(replace(problem, at=at) if at else problem)
    return found


def _phrase_at(source: str, line: int) -> str:
    """The phrase in whose lines ``line`` lies."""
    _, section = _begin(source)
    keys = section.items[::2] if section else []
    above = [key for key in keys if source.count("\n", 0, key.start) < line]
    return (above[-1].value or "") if above else ""
