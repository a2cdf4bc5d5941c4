"""One call as people look at it: who said what, what the guide told them, what came of it. Pure.

``Story.of`` folds the events of a call, inputs and outputs as they happened, into a few tuples of frozen values. The
terminal's summary and the report read only these, so neither knows anything of the protocol. All times are seconds on
the call's audio clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from callflow import events as ev
from callflow.flow.model import Flow
from callflow.review import outcome, timeline
from callflow.review.followups import FollowUp, follow_ups
from callflow.review.outcome import Captured, GroupResult, Judged, points_made
from callflow.review.timeline import Band, Moment, Shown, Span
from callflow.review.utterances import Utterance, utterances
from callflow.texts import Text


@dataclass(frozen=True, slots=True)
class Story:
    """A whole call. ``findings`` are sorted by severity, then time; everything else by time."""

    flow: Text
    duration: float
    utterances: tuple[Utterance, ...] = ()
    bands: tuple[Band, ...] = ()
    spans: tuple[Span, ...] = ()
    moments: tuple[Moment, ...] = ()
    prompts: tuple[Shown, ...] = ()
    findings: tuple[Judged, ...] = ()
    fields: tuple[Captured, ...] = ()
    promises: tuple[FollowUp, ...] = ()
    groups: tuple[GroupResult, ...] = ()
    total: float | None = None
    context: ev.CallContext = field(default_factory=lambda: ev.CallContext(at=0.0))

    @classmethod
    def of(cls, events: Iterable[ev.Event], flow: Flow) -> Story:
        """Fold the events of one call; names that ``flow`` does not know are shown as they are."""
        all_ = list(events)
        end = max((max(event.at, getattr(event, "end", 0.0)) for event in all_), default=0.0)
        said = utterances(_only(all_, ev.Heard), _only(all_, ev.Match), flow)
        scores = _only(all_, ev.Score)
        contexts = _only(all_, ev.CallContext)
        context = contexts[-1] if contexts else ev.CallContext(at=0.0)  # what was known in the end
        return cls(
            flow=flow.title,
            duration=end,
            utterances=said,
            bands=timeline.bands(_only(all_, ev.State), flow, end),
            spans=timeline.spans(all_, end),
            moments=timeline.moments(all_, flow),
            prompts=timeline.prompts(_only(all_, ev.Prompt), end),
            findings=outcome.findings(_only(all_, ev.Finding), said, flow),
            fields=outcome.fields(_only(all_, ev.FieldValue)),
            promises=follow_ups(_only(all_, ev.Promise), context),
            groups=outcome.groups(scores[-1].groups if scores else {}, flow),
            total=scores[-1].total if scores else None,
            context=context,
        )

    def judged(self, *verdicts: ev.Verdict) -> tuple[Judged, ...]:
        """The findings with one of ``verdicts``, in their order."""
        return tuple(finding for finding in self.findings if finding.verdict in verdicts)

    @property
    def points_made(self) -> Text | None:
        """How the groups' points make the score; ``None`` where they do so as they stand."""
        return points_made(self.groups, self.total)

    @property
    def faults(self) -> tuple[Judged, ...]:
        """What went wrong: the worst first."""
        return self.judged("violated", "missed")


E = TypeVar("E", bound=ev.Event)


def _only(events: Iterable[ev.Event], kind: type[E]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]
