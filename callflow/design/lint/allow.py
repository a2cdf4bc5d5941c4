"""Comments that silence a check at one place, with the reason: ``# lint: allow loose-phrase because …``.

Such a comment counts for its own line, or, where it stands alone, for the next line that is no comment. Errors cannot
be silenced. A comment that silences nothing any more, names no check or gives no reason is itself a Problem.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from callflow.problems import Edit, Level, Location, Problem, did_you_mean, sole_nearest
from callflow.texts import Text, text

_ALLOW = re.compile(r"(?:^|\s)#\s*lint:\s*allow\s+(?P<name>[\w-]+)\s*(?:because|因为|：|:)?\s*(?P<why>.*)$")


@dataclass(frozen=True, slots=True)
class _Allowed:
    name: str
    why: str
    at: Location
    line: int
    """the line that it silences"""


def silence(problems: Iterable[Problem], sources: Mapping[str, str], known: Collection[str]) -> list[Problem]:
    """Leave out what is allowed, and add what is wrong with the comments; ``known``: the names of the checks."""
    allowed = [one for file, source in sources.items() for one in _comments(file, source)]
    places = {(one.at.file, one.line, one.name): one for one in allowed}
    left: list[Problem] = []
    needed: set[_Allowed] = set()
    for problem in problems:
        comment = places.get((problem.at.file, problem.at.line, problem.rule))
        if comment and problem.level is not Level.ERROR:
            needed.add(comment)
        else:
            left.append(problem)
    for one in allowed:
        left += _wrong(one, one in needed, known)
    return sorted(left)


def _comments(file: str, source: str) -> Iterator[_Allowed]:
    if "lint:" not in source:
        return
    lines = source.splitlines()
    following = 0  # the next line that is no comment; there is none below the last
    for number, line in zip(range(len(lines), 0, -1), reversed(lines), strict=True):
        if not line.lstrip().startswith("#"):
            following = number
        if found := _ALLOW.search(line):
            at = Location(file, number, found.start("name") + 1)
            yield _Allowed(found["name"], found["why"].strip(), at, following or number)


def _wrong(one: _Allowed, needed: bool, known: Collection[str]) -> Iterator[Problem]:
    if one.name not in known:
        near, meant = did_you_mean(one.name, known), sole_nearest(one.name, known)
        message = Text(f'there is no check "{one.name}"{near.en}', f"没有名为“{one.name}”的检查{near.zh}")
        edit = Edit(one.at, one.name, meant) if meant else None
        yield Problem(one.at, message, "allow-unknown", Level.WARNING, edit=edit)
    elif not needed:
        message = text(
            "{n} finds nothing here any more: delete the comment",
            "{n} 在这里已没有发现问题：请删除这条注释",
            n=one.name,
        )
        yield Problem(one.at, message, "allow-unneeded", Level.WARNING)
    elif not one.why:
        message = text("say why: # lint: allow {n} because …", "请写明原因：# lint: allow {n} because …", n=one.name)
        yield Problem(one.at, message, "allow-without-reason", Level.WARNING)
