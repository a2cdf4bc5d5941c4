"""What is said in a call: from partials and finals to matches, warnings and facts.

Partials give provisional matches, warnings and ticks, and nothing else; each of them is confirmed or taken back. Facts
come of finals alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Literal

from callflow.call.fields import FieldTracker
from callflow.call.log import Fact
from callflow.call.plan import Plan
from callflow.call.presence import Presence
from callflow.call.promises import promised
from callflow.call.prompts import PRIORITY, PromptBoard
from callflow.call.speakers import sure_of
from callflow.call.timing import span_of
from callflow.events import Event, Evidence, FieldValue, Finding, Heard, Match, Prompt
from callflow.flow.model import Phrase
from callflow.phrases.book import Hit
from callflow.phrases.follower import Follower
from callflow.phrases.sounds import Keys

MOST_UTTERANCES = 64
"""Utterances without a final that are followed at a time; a sender that never ends them must not fill the memory."""


class Sayings:
    """The words of one call. Outputs are appended to ``out``; ``warn`` puts a warning on the screen for its time."""

    def __init__(
        self,
        plan: Plan,
        board: PromptBoard,
        fields: FieldTracker,
        presence: Presence,
        out: list[Event],
        warn: Callable[[Prompt], None],
    ) -> None:
        self._plan = plan
        self._board = board
        self._fields = fields
        self._presence = presence
        self._out = out
        self._warn = warn
        self._open: dict[str, tuple[Follower, Heard]] = {}
        self._hinted: dict[tuple[str, str], Prompt] = {}
        self.known = True
        """whether it is known who speaks; else nobody is blamed"""
        self.began: datetime | None = None
        """when the call began, where that is known"""

    def partial(self, event: Heard, now: float) -> None:
        """An utterance as far as it is heard; an empty one takes it back: it was nothing."""
        if not event.utterance:
            return
        follower, _ = self._open.pop(event.utterance, (None, None))
        if not (event.text or event.sounds):
            if follower:
                self._take_back(follower, event, now)
            return
        if follower is None:
            if len(self._open) >= MOST_UTTERANCES:
                oldest = next(iter(self._open))
                self._take_back(*self._open.pop(oldest), now)
            follower = Follower(self._plan.book, event.speaker)
        self._open[event.utterance] = (follower, event)
        agreed, gone = follower.partial(self._keys(event))
        self._withdraw(gone, event, now)
        for hit in agreed:
            match = self._match(hit, event, "provisional", now)
            self._out.append(match)
            phrase = self._plan.flow.phrases[hit.phrase]
            if phrase.kind != "never":
                self._board.tick_early(now, phrase.name, agreed=True)
            elif self._presence.hears(match.start):
                hint = replace(self._warning(phrase, hit, event, now), stage="provisional")
                self._hinted[event.utterance, phrase.name] = hint
                self._out.append(hint)

    def final(self, event: Heard, now: float) -> tuple[list[Fact], Keys]:
        """What an utterance says in the end: the facts in it, by time, fields included."""
        keys = self._keys(event)
        follower, _ = self._open.pop(event.utterance, (None, None))
        if follower:
            hits, gone = follower.final(keys)
            self._withdraw(gone, event, now)
        else:
            hits = self._plan.book.find(keys, event.speaker)
        facts: list[Fact] = []
        promising: list[tuple[Hit, Match]] = []
        for hit in hits:
            match = self._match(hit, event, "confirmed", now)
            self._out.append(match)
            key = f"{event.speaker} {hit.phrase}"
            facts.append(Fact(key, match.start, match.end, event.speaker, hit.said, event.end))
            phrase = self._plan.flow.phrases[hit.phrase]
            if phrase.kind == "never":
                self._taboo(phrase, hit, match, event, now)
            elif event.speaker == "agent":
                self._board.said(now, phrase.name)
                if phrase.promise and self._presence.hears(match.start):
                    promising.append((hit, match))
        self._withdraw_hints(event.utterance, now)
        promises, made = promised(event, promising, self.began)
        self._out += promises
        facts = sorted([*facts, *made], key=lambda fact: fact.start)
        return facts + self._field_facts(event, keys, hits, now), keys

    def unsure(self, event: Heard, now: float) -> None:
        """An utterance of which nobody knows well enough who spoke: what it says is told, and no facts come of it."""
        follower, _ = self._open.pop(event.utterance, (None, None))
        if follower:
            self._take_back(follower, event, now)
        for hit in self._plan.book.find(self._keys(event), event.speaker):
            match = self._match(hit, event, "confirmed", now)
            self._out.append(match)
            phrase = self._plan.flow.phrases[hit.phrase]
            if phrase.kind == "never":
                self._taboo(phrase, hit, match, event, now)

    def close(self, now: float) -> None:
        """No final will come any more: what was provisional is taken back."""
        for follower, event in self._open.values():
            self._take_back(follower, event, now)
        self._open.clear()

    # ------------------------------------------------------------------------------------ provisional

    def _take_back(self, follower: Follower, event: Heard, now: float) -> None:
        self._withdraw(follower.final("").withdrawn, event, now)
        self._withdraw_hints(event.utterance, now)

    def _withdraw(self, hits: Iterable[Hit], event: Heard, now: float) -> None:
        for hit in hits:
            self._out.append(self._match(hit, event, "withdrawn", now))
            hint = self._hinted.pop((event.utterance, hit.phrase), None)
            if hint:
                self._out.append(replace(hint, at=now, status="withdrawn"))
            self._board.tick_early(now, hit.phrase, agreed=False)

    def _withdraw_hints(self, utterance: str, now: float) -> None:
        """Hints that the final did not confirm: the words were there, but the customer did not hear them."""
        for key in [key for key in self._hinted if key[0] == utterance] if self._hinted else ():
            self._out.append(replace(self._hinted.pop(key), at=now, status="withdrawn"))

    # ------------------------------------------------------------------------------------ confirmed

    def _taboo(self, phrase: Phrase, hit: Hit, match: Match, event: Heard, now: float) -> None:
        if not self._presence.hears(match.start):
            return
        self._hinted.pop((event.utterance, phrase.name), None)
        self._warn(self._warning(phrase, hit, event, now))
        doubt = "" if self.known and sure_of(event) else "speaker-unsure" if self.known else "one-channel"
        self._out.append(
            Finding(
                at=now,
                rule=phrase.name,
                verdict="not_assessed" if doubt else "violated",
                severity=phrase.severity,
                group=phrase.group,
                cause=self._plan.flow.cause_of(phrase),
                refs=phrase.refs,
                evidence=(Evidence(match.start, match.end, None if doubt else event.speaker, hit.said),),
                reason=doubt,
            )
        )

    def _field_facts(self, event: Heard, keys: Keys, hits: list[Hit], now: float) -> list[Fact]:
        before = len(self._out)
        facts = self._fields.heard(event, keys, [hit.phrase for hit in hits])
        for output in self._out[before:]:
            if isinstance(output, FieldValue) and output.stage == "differs":
                right = self._fields.value(output.name)
                self._warn(
                    Prompt(
                        at=now,
                        id=f"warn:{output.name}:{event.utterance or event.start}",
                        kind="warn",
                        text=f"{output.name}应为 {right}，请更正",
                        status="shown",
                        refs=self._plan.flow.fields[output.name].refs,
                        priority=PRIORITY["warn"],
                        said=output.value,
                    )
                )
        return facts

    # ------------------------------------------------------------------------------------ values

    def _keys(self, event: Heard) -> Keys:
        sounds = self._plan.sounds
        return sounds.of_text(event.text) if event.text else sounds.of_syllables(event.sounds)

    def _warning(self, phrase: Phrase, hit: Hit, event: Heard, now: float) -> Prompt:
        return Prompt(
            at=now,
            id=f"warn:{phrase.name}:{event.utterance or event.start}",
            kind="warn",
            text=phrase.better,
            status="shown",
            refs=phrase.refs,
            priority=PRIORITY["warn"],
            said=hit.said,
        )

    def _match(
        self, hit: Hit, event: Heard, stage: Literal["provisional", "confirmed", "withdrawn"], now: float
    ) -> Match:
        start, end = span_of(event, hit.start, hit.end)
        return Match(
            at=now,
            phrase=hit.phrase,
            speaker=event.speaker,
            utterance=event.utterance,
            start=start,
            end=end,
            said=hit.said,
            score=hit.score,
            stage=stage,
        )
