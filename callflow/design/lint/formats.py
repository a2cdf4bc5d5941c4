"""What ``callflow lint`` found, as text, JSON, annotations of GitHub, and SARIF 2.1.0."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from callflow import __version__
from callflow.problems import Level, Problem
from callflow.texts import Text

_SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SARIF_LEVEL = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}
_GITHUB_LEVEL = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "notice"}


def as_text(problems: Sequence[Problem], language: str, about: Mapping[str, Text]) -> str:
    """A line each."""
    return "".join(problem.in_(language) + "\n" for problem in problems)


def as_json(problems: Sequence[Problem], language: str, about: Mapping[str, Text]) -> str:
    """A list of objects, messages in both languages."""
    found = [
        {
            "file": problem.at.file,
            "line": problem.at.line,
            "column": problem.at.column,
            "level": problem.level,
            "rule": problem.rule,
            "message": problem.message.both(),
            "related": [{"file": at.file, "line": at.line, "column": at.column} for at in problem.related],
            "fixable": problem.edit is not None,
        }
        for problem in problems
    ]
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def as_github(problems: Sequence[Problem], language: str, about: Mapping[str, Text]) -> str:
    """Workflow commands, which GitHub shows beside the lines of a change."""
    return "".join(
        f"::{_GITHUB_LEVEL[problem.level]} file={_property(problem.at.file)},line={max(1, problem.at.line)},"
        f"col={max(1, problem.at.column)},title={_property(problem.rule)}::{_data(problem.message.in_(language))}\n"
        for problem in problems
    )


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def as_sarif(problems: Sequence[Problem], language: str, about: Mapping[str, Text]) -> str:
    """One run; ``about``: what each check finds, in a sentence."""
    rules = sorted({problem.rule for problem in problems} | set(about))
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "callflow lint",
                "version": __version__,
                "rules": [
                    {"id": rule, "shortDescription": {"text": _described(rule, about, language)}} for rule in rules
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, rules, language) for problem in problems],
    }
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1) + "\n"


def _described(rule: str, about: Mapping[str, Text], language: str) -> str:
    return about[rule].in_(language) if rule in about else rule


def _result(problem: Problem, rules: Sequence[str], language: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": problem.rule,
        "ruleIndex": rules.index(problem.rule),
        "level": _SARIF_LEVEL[problem.level],
        "message": {"text": problem.message.in_(language)},
        "locations": [_place(problem.at.file, problem.at.line, problem.at.column)],
    }
    if problem.related:
        result["relatedLocations"] = [_place(at.file, at.line, at.column) for at in problem.related]
    return result


def _place(file: str, line: int, column: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if line:
        place["region"] = {"startLine": line, "startColumn": max(1, column)}
    return {"physicalLocation": place}


def _uri(file: str) -> str:
    """A relative path as SARIF wants it: what is no ASCII, and blanks, in per cent."""
    safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/"
    parts = (char if char in safe else "".join(f"%{byte:02X}" for byte in os.fsencode(char)) for char in file)
    return "".join(parts)


FORMATS: dict[str, Callable[[Sequence[Problem], str, Mapping[str, Text]], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
}
