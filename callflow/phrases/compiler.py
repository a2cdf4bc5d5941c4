"""From phrases as people write them to lines of sounds as the matcher wants them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from callflow.flow.model import Phrase, PhraseKind, Slot
from callflow.phrases import policy
from callflow.phrases.lines import Line, Literal
from callflow.phrases.readings import in_context, words_within
from callflow.phrases.sounds import UNKNOWN, Sounds
from callflow.phrases.template import Pattern, expand


class Compiler:
    """Compiles the phrases of one book."""

    def __init__(self, sounds: Sounds, slots: Mapping[str, Slot]) -> None:
        self._sounds = sounds
        self._slots = slots

    def wordings(self, owner: int, phrase: Phrase) -> Iterator[Line]:
        """Every way to say ``phrase``, none twice."""
        spoken: dict[tuple[tuple[str, ...], tuple[tuple[int, int], ...]], tuple[int, ...]] = {}
        for template in phrase.wordings:
            for pattern, said in self._spoken(template):
                # Only of what must never be said each clause has to be heard.
                spoken.setdefault(said, self._clauses(pattern) if phrase.kind == "never" else ())
        for (keys, gaps), clauses in spoken.items():
            yield self._line(owner, keys, gaps, phrase.kind, phrase.exact, clauses=clauses)

    def _clauses(self, pattern: Pattern) -> tuple[int, ...]:
        """Before which syllables a pause mark stands, counted over all literals, but not right behind a gap."""
        found: list[int] = []
        length = 0
        for part in pattern:
            if isinstance(part, str):
                keys = self._sounds.of_text(part)
                if len(keys) == len(part):  # no marks, as in most
                    length += len(keys)
                    continue
                found += [length + place for place in range(1, len(keys)) if keys.breaks_at(place)]
                length += len(keys)
        return tuple(found)

    def guards(self, owner: int, phrase: Phrase) -> Iterator[Line]:
        """Every way to say what ``phrase`` must not be part of; their outer slots count."""
        for template in phrase.unless:
            for pattern, (keys, gaps) in self._spoken(template):
                lead, trail = (part.most if isinstance(part, Slot) else 0 for part in (pattern[0], pattern[-1]))
                yield self._line(owner, keys, gaps, "cue", outer=(lead, trail))

    def check(self, phrase: Phrase) -> None:
        """Raises ``TemplateError`` where one of the guards of ``phrase`` cannot be expanded."""
        for template in phrase.unless:
            expand(template, self._slots)

    def _spoken(self, template: str) -> Iterator[tuple[Pattern, tuple[tuple[str, ...], tuple[tuple[int, int], ...]]]]:
        """Each pattern with the keys of its literals and the gaps between them, in each of its readings."""
        for pattern in expand(template, self._slots):
            literals = [part for part in pattern if isinstance(part, str)]
            gaps = tuple((part.least, part.most) for part in pattern[1:-1] if isinstance(part, Slot))
            for keys in dict.fromkeys(zip(*map(self._readings, literals), strict=True)):
                if not any(UNKNOWN in key for key in keys):
                    yield pattern, (keys, gaps)

    def _readings(self, literal: str) -> tuple[str, str]:
        """The key as a recogniser of characters leads to it, and as one of sounds hears it.

        Characters are looked up one by one, so 重复 as text is always zhong fu; as sounds it is chong fu.
        """
        key = self._sounds.of_text(literal).key
        return key, self._sounds.of_syllables(in_context(literal)).key if words_within(literal.upper()) else key

    def _line(
        self,
        owner: int,
        keys: tuple[str, ...],
        gaps: tuple[tuple[int, int], ...],
        kind: PhraseKind,
        exact: bool = False,
        *,
        outer: tuple[int, int] = (0, 0),
        clauses: tuple[int, ...] = (),
    ) -> Line:
        gapped = len(keys) > 1
        literals = tuple(self._literal(key, kind, exact, gapped) for key in keys)
        least_score = policy.least_score(kind, sum(map(len, keys)))
        return Line.of(owner, kind, literals, gaps, least_score, outer, clauses)

    def _literal(self, key: str, kind: PhraseKind, exact: bool, gapped: bool) -> Literal:
        errors = policy.errors(kind, len(key), exact, gapped)
        return Literal(key, errors, self._sounds.halves(key), policy.most_of_literal(len(key), errors, gapped))
