"""The noise of the accuracy bench: as much as is asked for, in the shares that were counted, the same every time."""

from __future__ import annotations

from random import Random

import pytest
from measures.noise import RATES, Noise, engines, syllables

from callflow.phrases.sounds import SYLLABLES, Sounds

WORDS = "您好，请问您需要什么帮助？这件事我来处理。" * 50
LETTERS = sum(map(str.isalnum, WORDS))
PLAIN = Noise(1.0, 0.0, 0.0, 0.0, {}, {}, {}, {})


def test_without_noise_everything_is_heard_as_it_is() -> None:
    for noise in engines().values():
        assert noise.text(WORDS, 0.0, "1") == WORDS
        assert noise.sounds(syllables(WORDS), 0.0, "1") == syllables(WORDS)


@pytest.mark.parametrize("rate", RATES[1:])
def test_as_many_characters_are_misheard_as_asked_for(rate: float) -> None:
    heard = PLAIN.text(WORDS, rate, "1")
    assert sum(a != b for a, b in zip(WORDS, heard, strict=True)) / LETTERS == pytest.approx(rate, abs=0.05)
    sounds = PLAIN.sounds(syllables(WORDS), rate, "1")
    wrong = sum(a != b for a, b in zip(syllables(WORDS), sounds, strict=True))
    assert wrong / LETTERS == pytest.approx(rate, abs=0.05)


def test_left_out_and_added() -> None:
    assert Noise(0.0, 1.0, 0.0, 0.0, {}, {}, {}, {}).text("您好，再见", 1.0, "1") == "，"
    added = Noise(0.0, 0.0, 1.0, 0.0, {}, {}, {}, {"le": 1}).sounds(["ni", "hao"], 1.0, "1")
    assert added == ["ni", "le", "hao", "le"]


def test_homophones_are_other_characters_of_the_same_sound() -> None:
    heard = Noise(1.0, 0.0, 0.0, 0.999999, {}, {}, {}, {}).text("请稍等", 1.0, "1")
    assert Sounds().of_text(heard).key == Sounds().of_text("请稍等").key
    assert all(a != b for a, b in zip(heard, "请稍等", strict=True))


def test_a_syllable_is_heard_as_what_was_counted() -> None:
    counted = Noise(1.0, 0.0, 0.0, 0.0, {"nin": {"ni": 10_000}}, {}, {}, {})
    assert {counted.misheard("nin", Random(seed)) for seed in range(20)} == {"ni"}
    near = Noise(1.0, 0.0, 0.0, 0.0, {}, {"n": {"l": 1}}, {}, {})
    assert {near.misheard("nin", Random(seed)) for seed in range(20)} == {"lin"}


def test_every_syllable_can_be_misheard_as_another_one() -> None:
    for noise in engines().values():
        for syllable in SYLLABLES:
            heard = noise.misheard(syllable, Random(syllable))
            assert heard != syllable
            assert heard in SYLLABLES


def test_the_same_seed_hears_the_same_and_another_seed_otherwise() -> None:
    noise = engines()["whisper"]
    assert noise.text(WORDS, 0.2, "1") == noise.text(WORDS, 0.2, "1") != noise.text(WORDS, 0.2, "2")


def test_punctuation_stays() -> None:
    heard = engines()["whisper"].text(WORDS, 0.4, "3")
    assert [char for char in heard if not char.isalnum()] == [char for char in WORDS if not char.isalnum()]
