"""The last two utterances, and the fields as far as they are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callflow.call.spoken import plain_wording
from callflow.events import Event, FieldValue, Heard, Match
from callflow.flow.model import FieldSpec, Flow

UTTERANCES = 2
LONGEST = 160
"""Characters of an utterance that the screen has: its end, which is what was said last."""
FORM_SHOWS = 2
"""From so many known fields of a form on, its other fields are shown as well: what is still to be asked."""


class Transcript:
    """What was said last; of an utterance that is still being heard, as far as it is heard.

    A recogniser that hears syllables writes no characters: the phrases that were found in them are the ``gloss``.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._said: list[Heard] = []
        self._found: dict[str, dict[str, str]] = {}

    def follow(self, event: Event) -> None:
        """Take in the next event. An empty partial takes its utterance back."""
        if isinstance(event, Heard):
            kept = [said for said in self._said if said.final or not _same(said, event)]
            if event.text or event.sounds:
                kept.append(event)
                kept.sort(key=lambda said: (said.start, said.end))
            self._said = kept[-UTTERANCES:]
            shown = {said.utterance for said in self._said}
            self._found = {name: found for name, found in self._found.items() if name in shown}
        elif isinstance(event, Match):
            self._match(event)

    def view(self) -> list[dict[str, Any]]:
        return [
            {
                "speaker": said.speaker,
                "text": (said.text or " ".join(said.sounds))[-LONGEST:],
                "gloss": list(self._found.get(said.utterance, {}).values()),
                "final": said.final,
            }
            for said in self._said
        ]

    def _match(self, match: Match) -> None:
        phrase = self._flow.phrases.get(match.phrase)
        if match.stage == "withdrawn":
            self._found.get(match.utterance, {}).pop(match.phrase, None)
        elif phrase and any(not said.text and said.utterance == match.utterance for said in self._said):
            self._found.setdefault(match.utterance, {})[match.phrase] = plain_wording(phrase, self._flow, match.said)


def _same(said: Heard, event: Heard) -> bool:
    return said.speaker == event.speaker and said.utterance == event.utterance


class Fields:
    """The fields that were captured: the customer's value, how far it has come, and what was read back wrongly."""

    def __init__(self, specs: Mapping[str, FieldSpec]) -> None:
        self._specs = specs
        self._known: dict[str, dict[str, Any]] = {}

    def follow(self, event: Event) -> None:
        """Take in the next event."""
        if isinstance(event, FieldValue):
            known = self._known.setdefault(event.name, _field(event.name))
            known["stage"] = event.stage
            known["read"] = event.value if event.stage == "differs" else ""
            if event.stage != "differs":
                known["value"] = event.value

    def view(self) -> list[dict[str, Any]]:
        """In the order of the flow, so that each keeps its place."""
        forms = [self._specs[name].form for name in self._known if name in self._specs]
        shown = {form for form in forms if form and forms.count(form) >= FORM_SHOWS}
        names = [name for name, spec in self._specs.items() if name in self._known or spec.form in shown]
        names += [name for name in self._known if name not in self._specs]
        return [dict(self._known.get(name, _field(name))) for name in names]


def _field(name: str) -> dict[str, Any]:
    return {"name": name, "value": "", "stage": "", "read": ""}
