"""What the readers of single sections share: the names of a flow, its variables, and how prompts and refs are read."""

from __future__ import annotations

import re
from typing import Literal

from callflow.flow.located_yaml import Node, Scalar, Sequence
from callflow.flow.model import PLAIN_BRACKETS, Phrase, PromptSpec, Term
from callflow.flow.names import Names
from callflow.flow.section import Section
from callflow.flow.shapes import PROMPT
from callflow.problems import Location, Problem
from callflow.texts import Text, text

PromptKind = Literal["say", "do", "ask", "remind", "tip"]
PROMPT_KINDS: tuple[PromptKind, ...] = ("say", "do", "ask", "remind", "tip")
_ESCAPED = re.compile(r"\\(.)")
_ASIDE = {mark: chr(0xE000 + i) for i, mark in enumerate("()[]{}|\\")}
"""Where escaped signs wait until those that mean something are gone."""


class Reading:
    """A flow while it is being read; its Problems go to ``problems``."""

    def __init__(self, names: Names, problems: list[Problem]) -> None:
        self.names = names
        self.problems = problems
        self.variables: dict[str, str] = {}
        self.phrases: dict[str, Phrase] = {}

    def fill(self, written: str) -> str:
        """Put the flow's variables into a text; slots that are no variables stay as they are."""
        for name, value in self.variables.items() if "{" in written else ():
            written = written.replace("{" + name + "}", value)
        return written

    def place_of(self, section: Section, key: str) -> Location | None:
        """Where the text of ``key`` begins."""
        node = section.value(key)
        return node.text_at if isinstance(node, Scalar) else None

    def only_one(self, section: Section, first: str, other: str, what: Text) -> None:
        """Report two keys of which a section can have but one, at the second."""
        node = section.value(other) or section.node
        en = f"{what.en} has both {first} and {other}: leave one of them out, or make two of it"
        section.wrong(node.at, en, f"{what.zh}同时有 {first} 和 {other}：请去掉其中之一，或拆成两条", "wrong-kind")

    def group_of(self, section: Section) -> str:
        name = section.string("group")
        node = section.value("group")
        if node is not None and name:
            self.names.group(name, node.at, self.problems)
        return name

    def cause_of(self, section: Section) -> str:
        name = section.string("cause")
        node = section.value("cause")
        if node is not None and name:
            self.names.cause(name, node.at, self.problems)
        return name

    def refs(self, section: Section) -> tuple[str, ...]:
        """The clauses that the section cites."""
        written = section.strings("refs")
        for item in written:
            self.names.clause(item.value, item.at, self.problems)
        return tuple(item.value for item in written)

    def terms(self, section: Section, key: str) -> tuple[Term, ...]:
        """One term or a list of them; where the key is there, it must have one."""
        written = section.strings(key, required=section.has(key))
        return tuple(term for item in written if (term := self.names.term(item.value, item.at, self.problems)))

    def prompts(self, section: Section, key: str) -> tuple[PromptSpec, ...]:
        """Prompts under ``key``: phrase names, or ``{say|do|ask|remind|tip: words, refs: …}``; one or a list."""
        node = section.value(key)
        if node is None:
            return ()
        nodes: tuple[Node, ...] = node.items if isinstance(node, Sequence) else (node,)
        return tuple(spec for item in nodes if (spec := self._prompt(item, section)))

    def _prompt(self, node: Node, section: Section) -> PromptSpec | None:
        if isinstance(node, Scalar):
            return self.phrase_prompt(node.value, node.at)
        inner = section.inner(node, text("prompt", "提示"), PROMPT)
        if inner is None:
            return None
        kinds: list[PromptKind] = [kind for kind in PROMPT_KINDS if inner.has(kind)]
        for other in kinds[1:]:
            self.only_one(inner, kinds[0], other, text("a prompt", "提示"))
        if not kinds:
            list_ = ", ".join(PROMPT_KINDS)
            inner.wrong(inner.at, f"a prompt needs one of {list_}", f"提示需要 {list_} 之一", "missing-key")
        kind = kinds[0] if kinds else "do"
        spec = PromptSpec(
            kind=kind,
            text=self.fill(inner.string(kind, required=bool(kinds))),
            at=inner.at,
            refs=self.refs(inner),
            priority=inner.whole("priority"),
            cooldown=inner.seconds("cooldown"),
            most=inner.whole("most"),
        )
        inner.done()
        return spec

    def phrase_prompt(self, name: str, at: Location) -> PromptSpec | None:
        """The prompt to say a phrase: its first wording, as one would say it."""
        if not self.names.phrase(name, at, self.problems):
            return None
        phrase = self.phrases.get(name)
        if phrase is None or not phrase.wordings:
            return None
        if phrase.kind == "never":
            message = text(
                '"{p}" must never be said ({a}): name a phrase to say, or write {{say: …}}',
                "“{p}”是禁语（{a}）：请写应说的短语，或 {{say: …}}",
                p=name, a=phrase.at,
            )  # fmt: skip
            self.problems.append(Problem(at, message, "forbidden-asked"))
        return PromptSpec("say", as_said(phrase.wordings[0]), at, phrase=name, refs=phrase.refs)


def as_said(wording: str) -> str:
    """A template as one would say it: first alternatives, options kept, slots in 〈〉."""
    words = _ESCAPED.sub(lambda found: _ASIDE.get(found[1], found[1]), wording.translate(PLAIN_BRACKETS))
    previous = ""
    while previous != words:
        previous = words
        words = re.sub(r"[(\[]([^()\[\]|]*)(?:\|[^()\[\]]*)?[)\]]", r"\1", words)
    words = re.sub(r"\{([^{}]*)\}", r"〈\1〉", words.partition("|")[0])
    for mark, place in _ASIDE.items():
        words = words.replace(place, mark)
    return words
