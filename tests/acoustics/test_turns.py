"""Silence and overlap, loudness and clipping, speaking rate: from given voiced frames, where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from callflow.acoustics.activity import HANGOVER
from callflow.acoustics.loudness import LoudnessMeter, clipped_samples
from callflow.acoustics.rate import SpeakingRate
from callflow.acoustics.spectrum import FRAME, SECONDS
from callflow.acoustics.turns import Turns
from callflow.events import Acoustic, Clipping, Event, Heard, Loudness, Overlap, Silence, Voice

LINE = 50  # frames a second


def lane(length: float, *spans: tuple[float, float]) -> list[bool]:
    """Voiced frames of somebody who speaks in ``spans``, with the hangover that voice activity adds."""
    frames = [False] * round(length * LINE)
    for start, end in spans:
        for frame in range(round(start * LINE), min(round(end * LINE) + HANGOVER, len(frames))):
            frames[frame] = True
    return frames


def spans(events: list[Event], kind: type[Acoustic]) -> list[tuple[float, float]]:
    return [(round(event.start, 3), round(event.end, 3)) for event in events if isinstance(event, kind)]


def turns(agent: list[bool], customer: list[bool], tone: list[bool] | None = None, **limits: float) -> list[Event]:
    tracker = Turns(**limits)
    return tracker.feed(agent, customer, tone or [False] * len(agent)) + tracker.finish()


def test_silence_is_when_neither_speaks() -> None:
    found = turns(lane(12, (1, 2), (7, 8)), lane(12, (2.5, 3), (9, 9.5)))
    assert spans(found, Silence) == [(3, 7), (9.5, 12)]
    first, second = (event.at for event in found if isinstance(event, Silence))
    assert first == pytest.approx(7 + (HANGOVER + 1) * SECONDS), "known once the voice has proved to be one"
    assert second == 12


def test_silence_shorter_than_asked_for_is_none() -> None:
    agent = lane(6, (0, 1), (2.9, 6))
    assert spans(turns(agent, lane(6)), Silence) == []
    assert len(spans(turns(agent, lane(6), silence=1.9), Silence)) == 1


def test_a_voice_is_told_of_when_it_begins_and_every_three_seconds_while_it_goes_on() -> None:
    """A breath does not begin it anew, and each channel has its own."""
    agent = lane(16, (1, 4.5), (4.8, 9), (12, 12.5))
    found = turns(agent, lane(16, (8, 10)))
    voices = [(event.speaker, round(event.start, 3)) for event in found if isinstance(event, Voice)]
    assert voices == [("agent", 1), ("agent", 4), ("agent", 7), ("customer", 8), ("agent", 12)]
    late = (HANGOVER + 1) * SECONDS
    assert all(e.start == e.end and e.at == pytest.approx(e.end + late) for e in found if isinstance(e, Voice))


def test_a_tone_is_no_silence() -> None:
    ring = [LINE <= frame < 2 * LINE for frame in range(5 * LINE)]
    found = turns(lane(5), lane(5), ring)
    assert spans(found, Silence) == [(2, 5)]


@pytest.mark.parametrize(
    ("agent", "customer", "expected"),
    [
        ([(0, 3)], [(2, 5)], [("customer", 2, 3)]),
        ([(2, 5)], [(0, 3)], [("agent", 2, 3)]),
        ([(0, 3)], [(2.8, 5)], []),  # shorter than 0.3 s
        ([(0, 2)], [(2.0, 4)], []),  # a quick answer
        ([(0, 4), (4.3, 6)], [(3.5, 5)], [("customer", 3.5, 4), ("customer", 4.3, 5)]),  # a breath is no new turn
        ([(1, 3)], [(1, 3)], [(None, 1, 3)]),
        ([(0, 8)], [(1, 2), (4, 5)], [("customer", 1, 2), ("customer", 4, 5)]),
    ],
)
def test_overlap_names_who_cut_in(
    agent: list[tuple[float, float]],
    customer: list[tuple[float, float]],
    expected: list[tuple[str | None, float, float]],
) -> None:
    found = turns(lane(9, *agent), lane(9, *customer))
    assert spans(found, Overlap) == [(start, end) for _, start, end in expected]
    assert [event.speaker for event in found if isinstance(event, Overlap)] == [who for who, _, _ in expected]


def meter(power: float, voiced: list[bool], hits: list[int] | None = None) -> list[Event]:
    loudness = LoudnessMeter("agent")
    return loudness.feed([power] * len(voiced), voiced, hits or [0] * len(voiced)) + loudness.finish()


def test_loudness_of_each_stretch() -> None:
    found = meter(1e-2, lane(10, (1, 2), (2.4, 3), (6, 7)))
    assert spans(found, Loudness) == [(1, 3.2), (6, 7.2)]
    assert all(isinstance(e, Loudness) and e.dbfs == pytest.approx(-20) and e.speaker == "agent" for e in found)
    assert found[0].at == pytest.approx(3.7)


def test_a_monologue_is_measured_every_ten_seconds() -> None:
    assert [e.at for e in meter(1e-3, [True] * 25 * LINE)] == [10, 20, 25]


def test_a_click_has_no_loudness() -> None:
    assert meter(1e-2, [False] * LINE + [True] * 14 + [False] * LINE) == []


def test_silence_in_a_voiced_stretch_is_finite() -> None:
    (event,) = meter(0.0, [True] * LINE)
    assert isinstance(event, Loudness)
    assert event.dbfs == pytest.approx(-100)


def test_clipping() -> None:
    samples = np.zeros((2, 50 * FRAME), np.int16)
    samples[0, FRAME * 10 : FRAME * 10 + 64] = 32124
    samples[0, FRAME * 11 : FRAME * 11 + 16] = -32768
    hits = clipped_samples(samples)
    assert (hits[0][9:13], sum(hits[1])) == ([0, 64, 16, 0], 0)
    assert clipped_samples(np.full((2, FRAME), 31_000, np.int16)) == [[0], [0]]
    loudness, clipping = meter(1e-2, [True] * 50, hits[0])
    assert isinstance(clipping, Clipping)
    assert clipping.share == pytest.approx(80 / (50 * FRAME))
    assert spans([loudness], Loudness) == spans([clipping], Clipping)


def heard(**fields: object) -> Heard:
    return Heard(**{"at": 6.0, "speaker": "agent", "start": 1.0, "end": 5.0} | fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "per_minute"),
    [
        (heard(text="您好，请问有什么可以帮您？"), 11 * 60 / 2),
        (heard(text="nin hao", sounds=("nin", "hao") * 4), 8 * 60 / 2),
        (heard(sounds=("nin", "hao", "，", "ma", "ne") * 2), 8 * 60 / 2),
        (heard(text="您好您好您好", final=False), None),
        (heard(text="您好，请问"), None),  # four syllables
        (heard(text="OK OK OK OK OK OK"), None),
        (heard(text="您好请问有什么", speaker="customer"), None),  # no voice of theirs
        (heard(text="您好请问有什么", start=3.2, end=5.0), None),  # next to none
    ],
)
def test_rate(event: Heard, per_minute: float | None) -> None:
    rate = SpeakingRate()
    agent = [LINE <= frame < 2 * LINE or 2.5 * LINE <= frame < 3.5 * LINE for frame in range(6 * LINE)]
    rate.feed(agent[:77], [False] * 77)
    rate.feed(agent[77:], [False] * (len(agent) - 77))
    found = rate.heard(event)
    if per_minute is None:
        assert found is None
    else:
        assert found is not None
        assert found.per_minute == pytest.approx(per_minute)
        assert (found.at, found.start, found.end) == (6, 1, 5)
