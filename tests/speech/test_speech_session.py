"""What all engines share: the clock, the ids, partials taken back, and independence of how the sound is cut."""

import numpy as np
import pytest

from callflow.audio.source import FRAME, RATE
from callflow.events import Heard, Word
from callflow.speech.endpoint import Samples
from callflow.speech.transcriber import Hypothesis, UtteranceSession


class Meter:
    """A decoder that "hears" how much sound it got: one syllable every 0.2 s, and nothing if that came to ``few``."""

    pauses = False

    def __init__(self, few: int = 0) -> None:
        self.few = few
        self.sizes: list[int] = []

    def begin(self) -> None:
        self.sizes = []

    def feed(self, samples: Samples) -> None:
        self.sizes.append(len(samples))

    def partial(self) -> Hypothesis:
        return Hypothesis(sounds=("da",) * len(self.sizes))

    def pause(self) -> Hypothesis | None:
        return None

    def final(self, voiced: float) -> Hypothesis:
        if len(self.sizes) <= self.few:
            return Hypothesis()
        words = tuple(Word("da", size / RATE, 99.0) for size in range(0, sum(self.sizes), 3200))
        return Hypothesis(sounds=("da",) * len(self.sizes), words=words)


def hear(session: UtteranceSession, voiced: str, size: int) -> list[Heard]:
    flags = np.array([mark == "#" for mark in voiced for _ in range(5)])
    heard: list[Heard] = []
    for at in range(0, len(flags), size):
        part = flags[at : at + size]
        heard += session.accept(np.zeros(len(part) * FRAME, np.int16), part)
    return heard + session.finish()


TALK = "." * 20 + "#" * 30 + "." * 20 + "#" * 8 + "." * 10 + "#" * 5


@pytest.mark.parametrize("size", [1, 2, 5, 7, 50, 10_000])
def test_what_is_heard_does_not_depend_on_how_the_sound_is_cut(size: int) -> None:
    assert hear(UtteranceSession("agent", Meter()), TALK, size) == hear(UtteranceSession("agent", Meter()), TALK, 3)


def test_finals_say_where_they_were_and_when_they_became_known() -> None:
    finals = [heard for heard in hear(UtteranceSession("customer", Meter()), TALK, 5) if heard.final]
    assert [(h.utterance, h.start, h.end, h.at) for h in finals] == [
        ("c1", 1.7, 4.8, 5.6),  # words start with the pre-roll, voice ends 0.2 s before its flag
        ("c2", 6.7, 7.6, 8.4),
        ("c3", 8.5, 9.1, 9.3),  # the channel is over
    ]
    for heard in finals:
        assert all(heard.start <= word.start <= word.end <= heard.end for word in heard.words)


def test_partials_grow_share_the_id_and_can_be_left_out() -> None:
    heard = hear(UtteranceSession("agent", Meter()), TALK, 5)
    first = [h for h in heard if h.utterance == "a1"]
    assert [h.final for h in first] == [False] * (len(first) - 1) + [True]
    lengths = [len(h.sounds) for h in first[:-1]]
    assert lengths == sorted(set(lengths))
    only_finals = hear(UtteranceSession("agent", Meter(), partials=False), TALK, 5)
    assert only_finals == [h for h in heard if h.final]


def test_partials_that_came_to_nothing_are_taken_back() -> None:
    heard = hear(UtteranceSession("agent", Meter(few=100)), TALK, 5)
    last = {h.utterance: h for h in heard}
    assert len(last) == 3
    assert all(not h.final and not h.sounds and not h.text for h in last.values())
    assert hear(UtteranceSession("agent", Meter(few=100), partials=False), TALK, 5) == []


class Teller(Meter):
    """One that can tell at a pause: "pa" for each second (in part) that it was fed."""

    pauses = True

    def pause(self) -> Hypothesis:
        return Hypothesis(sounds=("pa",) * -(-sum(self.sizes) // RATE))


def test_what_was_said_before_a_pause_is_told_at_once_and_is_the_final_if_nothing_follows() -> None:
    heard = hear(UtteranceSession("agent", Teller()), "#" * 10 + "." * 20, 1)
    settled, final = heard[-2:]
    assert settled.sounds == ("pa", "pa", "，")
    assert final.final
    assert final.sounds == ("pa", "pa")
    assert final.at - settled.at == pytest.approx(0.4)


@pytest.mark.parametrize("size", [1, 3, 50])
def test_after_a_pause_all_of_the_sound_is_heard_if_the_voice_goes_on(size: int) -> None:
    decoder = Teller()
    heard = hear(UtteranceSession("agent", decoder), "#" * 10 + "." * 4 + "#" * 10 + "." * 6, size)
    assert [h.final for h in heard].count(True) == 1
    assert [h.sounds for h in heard if h.sounds[0] == "pa"] == [("pa", "pa", "，"), ("pa",) * 3 + ("，",), ("pa",) * 3]
    assert sum(decoder.sizes) == RATE * (1.0 + 0.4 + 1.0 + 0.2), "nothing was left out, and nothing fed twice"


@pytest.mark.parametrize("size", [1, 3, 50])
@pytest.mark.parametrize("call", ["#" * 10 + "." * 20, "#" * 10 + "." * 4 + "#" * 10 + "." * 6, "#" * 7 + "." * 4])
def test_without_partials_a_pause_costs_nothing_and_the_final_hears_the_same_sound(call: str, size: int) -> None:
    class Asked(Teller):
        asked = 0

        def pause(self) -> Hypothesis:
            self.asked += 1
            return super().pause()

        def final(self, voiced: float) -> Hypothesis:
            return super().pause()

    decoders = Asked(), Asked()
    told, quiet = (
        hear(UtteranceSession("agent", decoder, partials), call, size)
        for decoder, partials in zip(decoders, (True, False), strict=True)
    )
    assert [heard for heard in told if heard.final] == quiet
    assert sum(decoders[0].sizes) == sum(decoders[1].sizes)
    assert decoders[1].asked == 0


def test_the_caller_may_use_its_buffer_again() -> None:
    kept: list[Samples] = []

    class Keeper(Meter):
        def feed(self, samples: Samples) -> None:
            kept.append(samples)

    session, buffer = UtteranceSession("agent", Keeper()), np.ones(FRAME, np.int16)
    for _ in range(50):
        buffer[:] = 1
        session.accept(buffer, np.array([True]))
        buffer[:] = 9
    session.finish()
    assert {int(value) for samples in kept for value in np.unique(samples)} == {1}


def test_flags_must_fit_the_samples() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        UtteranceSession("agent", Meter()).accept(np.zeros(FRAME, np.int16), np.array([True, False]))
