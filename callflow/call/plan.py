"""A flow made ready to run: what is built once and shared by every call on it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from callflow import collecting
from callflow.call.machine import FlowMachine
from callflow.call.rule_index import RuleIndex
from callflow.errors import BadFlow
from callflow.flow.model import Flow, Phrase, Slot
from callflow.phrases.book import Book
from callflow.phrases.sounds import Sounds
from callflow.phrases.template import TemplateError, expand
from callflow.problems import Location, Problem
from callflow.texts import text


@dataclass(frozen=True, slots=True)
class Plan:
    """The phrase book, the rule index and the state machine of one flow."""

    flow: Flow
    sounds: Sounds
    book: Book
    index: RuleIndex
    machine: FlowMachine

    @staticmethod
    def of(flow: Flow) -> Plan:
        """Compile a flow. Raises ``BadFlow`` where a wording is not a valid template."""
        sounds = Sounds() if flow.folds is None else Sounds(flow.folds)
        try:
            with collecting.paused():
                book = Book(flow.phrases.values(), flow.slots, sounds)
        except TemplateError as error:
            problems = [problem for phrase in flow.phrases.values() for problem in wrong_templates(phrase, flow.slots)]
            raise BadFlow(text("flow {n} has mistakes", "流程 {n} 有错误", n=flow.name), problems) from error
        return Plan(flow, sounds, book, RuleIndex.of(flow), FlowMachine(flow))


def wrong_templates(phrase: Phrase, slots: Mapping[str, Slot]) -> Iterator[Problem]:
    """The wordings of a phrase that are no templates, each at its place."""
    for wording in (*phrase.wordings, *phrase.unless):
        try:
            expand(wording, slots)
        except TemplateError as error:
            place = phrase.places.get(wording, phrase.at)
            column = _column_as_written(phrase.written.get(wording, wording), wording, slots)
            at = Location(place.file, place.line, place.column + (column or error.column) - 1)
            yield Problem(at, error.message, "template")


def _column_as_written(written: str, wording: str, slots: Mapping[str, Slot]) -> int:
    """The column of a mistake before variables were filled in, which stand for more or fewer characters; else 0."""
    variables = {name: Slot(name) for name in re.findall(r"\{([^{}]*)\}", written) if "{" + name + "}" not in wording}
    try:
        expand(written, {**slots, **variables})
    except TemplateError as error:
        return error.column
    return 0
