"""Pages of the documentation that are made from the code: the tables of the flow language, and what ``lint`` checks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType

from callflow.design.lint import CHECKS, chance, name_of
from callflow.flow import forms
from callflow.flow.forms import Form, Shape
from callflow.flow.shapes import SHAPES

_SLOT = re.compile(r"^<!-- keys: ([a-z ,]+) -->$", re.MULTILINE)
_EXAMPLE = re.compile(r"^(PASS|FAIL):\n((?:    .*\n)+)", re.MULTILINE)
_MADE = "<!-- Made by scripts/make_docs.py from {}; edit that instead. -->\n\n"


def flow_language(template: str) -> str:
    """The page on the flow language: its template, with a table of keys in each slot ``<!-- keys: phrase -->``."""

    def tables(found: re.Match[str]) -> str:
        return "\n".join(_table(SHAPES[name.strip()]) for name in found[1].split(","))

    return _MADE.format("docs/templates/flow-language.md and callflow/flow/shapes.py") + _SLOT.sub(tables, template)


def _table(shape: Shape) -> str:
    rows = (
        f"| `{key.name}`{' (required)' if key.required else ''} | {_holds(key.form)} | {_small(key.says.en)} |"
        for key in shape.keys
    )
    return "\n".join(["| key | holds | what it is |", "|---|---|---|", *rows])


def _small(says: str) -> str:
    return says[:1].lower() + says[1:]


def _holds(form: Form) -> str:
    """What a key can hold, in a few words."""
    match form:
        case forms.Words():
            return "a text"
        case forms.WordList():
            return "a text, or a list of them"
        case forms.Both():
            return "a text, or `{zh: …, en: …}`"
        case forms.Flag():
            return "`true` or `false`"
        case forms.Choice(values, many):
            words = ", ".join(f"`{value}`" for value in values) if len(values) < 9 else "an event"
            return f"any of {words}" if many else words
        case forms.Number(_, least, most, whole):
            return f"a {'whole ' if whole else ''}number, {least:.0f} to {most:.0f}"
        case forms.Length(counted):
            return "`3s`, `2 min`, `3 rings`, `2 sentences`" if counted else "`3s`, `2 min`"
        case forms.Name(kind, many):
            return f"{kind.en}, one or a list" if many else kind.en
        case forms.Terms(many):
            return "a term, or a list of them" if many else "a term"
        case forms.Expression():
            return "a term, or `{all: […]}` …"
        case forms.Prompts(many):
            return "a phrase or a prompt, one or a list" if many else "a phrase or a prompt"
        case forms.Targets():
            return "`term: state`, `after 5s: state`"
        case forms.Values():
            return "`name: text`"
        case forms.Entries():
            return "entries by name"
        case forms.Items(shape):
            what = {"step": "steps", "expectation": "expectations", "line": "lines"}.get(shape, "entries")
            return f"a list of {what}"
        case forms.Inside():
            return "see below"


# ------------------------------------------------------------------------------------------------------ the checks

EXAMPLE_FLOW = "flow: {start: talk, on: {call.hung_up: ended}}\n"
EXAMPLE_STATES = "states: {talk: {}, ended: {final: true}}\n"


def examples(check: ModuleType) -> list[tuple[bool, str]]:
    """The examples in the docstring of a check, each with whether it passes."""
    found = _EXAMPLE.findall(check.__doc__ or "")
    return [(verdict == "PASS", re.sub("^    ", "", body, flags=re.MULTILINE)) for verdict, body in found]


def example_files(body: str) -> dict[str, str]:
    """The files of an example: its own, and what it leaves out of a small whole flow."""
    rest = EXAMPLE_FLOW if not re.search("^flow:", body, re.MULTILINE) else ""
    if not re.search("^states:", body, re.MULTILINE):
        rest += EXAMPLE_STATES
    elif not re.search("^  ended:", body, re.MULTILINE) and rest:
        rest += "states: {ended: {final: true}}\n"
    return {"a.yaml": body, **({"rest.yaml": rest} if rest else {})}


def checks() -> str:
    """The page on ``callflow lint``: its checks, from their docstrings."""
    return _MADE.format("callflow/design/lint/") + "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield from (_HEAD, "| check | what it finds |", "|---|---|")
    for check in CHECKS:
        yield f"| [{name_of(check)}](#{name_of(check)}) | {_says(check)[0]} |"
    yield from ("", _REST.strip())
    for check in CHECKS:
        yield f"\n## {name_of(check)}\n"
        yield "\n\n".join(_says(check))
        for passes, body in examples(check):
            yield f"\n{'Passes' if passes else 'Is told of'}:\n\n```yaml\n{body}```"
    yield "\n## How often a phrase would be heard by chance\n"
    yield re.sub(r"``", "`", (chance.__doc__ or "").strip())


def _says(check: ModuleType) -> list[str]:
    """The paragraphs before the examples, each in one line."""
    before = (check.__doc__ or "").partition("\nPASS:")[0].partition("\nFAIL:")[0]
    return [" ".join(paragraph.split()) for paragraph in before.strip().split("\n\n")]


_HEAD = """\
# What `callflow lint` checks

```sh
callflow lint                        # the flow that comes with callflow
callflow lint my-flow/ other-flow/   # flows by name or path
callflow lint my-flow/ --fix         # mend what is sure, in the files themselves
callflow lint --format sarif         # text, json, github (annotations of a pull request), sarif (2.1.0)
```

It tells everything that the reader of flows finds (unknown keys and names, broken YAML …), as errors, and what reads
well and yet is wrong, as warnings; what is only worth a thought is info. Each has its place, what to do, and the other
place where there is one. The exit code is 0 where there is nothing but infos, 1 where there is more, 2 where there is
no such flow.

`--fix` writes the name or key that was meant where only one can have been, takes out what stands in a list twice, and
quotes what is no text without quotes. It changes these words alone: comments and layout stay as they are, and a file is
written whole or not at all.

Where a warning is meant to be, a comment says so with its reason, at the end of the line or in a line before it:

```yaml
phrases:
  hailing:
    never: ["喂！"]   # lint: allow loose-phrase because the guides forbid just this word
    better: 您好
```

Errors cannot be allowed. A comment that allows nothing any more is told (`allow-unneeded`), and so are one without a
reason (`allow-without-reason`) and one that names no check (`allow-unknown`).

| rule of the reader | what it is |
|---|---|
| `unknown-key`, `unknown-phrase` … | a name that is none, with the one that was probably meant |
| `missing-key`, `wrong-kind`, `wrong-choice` … | a key that lacks, or holds what it cannot hold |
| `yaml-syntax`, `yaml-duplicate` … | no YAML, a key that stands twice, or what flows must not use |
| `repeated` | the same text twice in one list |
"""
_REST = """
The examples stand in a small flow with the states `talk`, where a call begins, and `ended`, where `call.hung_up` leads.
Below what is told of, `^` marks the place.
"""
