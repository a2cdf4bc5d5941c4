"""The syllable engine on the bundled calls, and the joining of its tokens."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pypinyin import Style, lazy_pinyin
from rapidfuzz.distance import Levenshtein

pytest.importorskip("sherpa_onnx", reason="sherpa-onnx is not installed")

from callflow.errors import ModelError
from callflow.events import Heard, Speaker, Word
from callflow.speech.zipformer import ZipformerTranscriber, syllables, with_pauses

Speech = Callable[[str, Speaker, int], Any]
TONES = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜü", "aaaaeeeeiiiioooouuuuvvvvv")


@pytest.fixture
def transcriber(model_dir: Callable[[str, str], Path]) -> ZipformerTranscriber:
    return ZipformerTranscriber(model_dir("zipformer", "sherpa_onnx"))


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ("", ""),
        ("sh ēn r ù d e", "shēn rù de"),
        ("èr sh í", "èr shí"),
        ("n ǚ ér", "nǚ ér"),
        ("k ě āi", "kě āi"),
        ("h ǎo b", "hǎo"),  # an initial at the end is no syllable yet
        ("b p à", "pà"),
        ("A P P", "A P P"),
    ],
)
def test_initials_and_finals_are_joined(tokens: str, expected: str) -> None:
    parts = tokens.split()
    joined = syllables(parts, [0.1 * n for n in range(len(parts))])
    assert " ".join(word.text for word in joined) == expected


def test_a_syllable_lasts_until_the_next_but_not_for_ever() -> None:
    words = syllables(["n", "ǐ", "h", "ǎo", "m", "a"], [-0.1, 0.0, 0.2, 0.24, 1.0, 1.08])
    assert [(word.text, round(word.start, 2), round(word.end, 2)) for word in words] == [
        ("nǐ", 0.0, 0.2),
        ("hǎo", 0.2, 0.5),
        ("ma", 1.0, 1.3),
    ]


def test_a_pause_is_marked_where_the_next_syllable_comes_late() -> None:
    spoken = [Word("bù", 0.0, 0.2), Word("xíng", 0.2, 0.5), Word("bù", 0.8, 1.0), Word("zhī", 1.2, 1.4)]
    assert [word.text for word in with_pauses(spoken)] == ["bù", "xíng", "，", "bù", "zhī"]
    assert with_pauses(spoken)[2] == Word("，", 0.5, 0.5)
    assert with_pauses([]) == ()


def toneless(texts: tuple[str, ...]) -> list[str]:
    han = "".join(c for text in texts for c in text if "\u4e00" <= c <= "\u9fff")
    return [str(s).translate(TONES) for s in lazy_pinyin(han, style=Style.TONE)]


def test_it_hears_the_agent_of_a_bundled_call(transcriber: ZipformerTranscriber, bundled_call: Speech) -> None:
    sound = bundled_call("exemplary", "agent", 5)
    heard = sound.through(transcriber.session("agent"), 5)
    finals = [h for h in heard if h.final]
    said = toneless(sound.said)
    syllable_errors = Levenshtein.distance(said, [s.translate(TONES) for h in finals for s in h.sounds if s.isalpha()])
    assert syllable_errors <= 0.2 * len(said)
    settled = []
    for final in finals:
        assert not final.text
        assert [word.text for word in final.words] == list(final.sounds)
        assert all(final.start <= word.start <= word.end <= final.end for word in final.words)
        partials = [h for h in heard if h.utterance == final.utterance and not h.final]
        assert partials
        assert partials[0].at < final.end, "the first words are known while the utterance goes on"
        if partials[-1].sounds[-1] == "，":
            assert partials[-1].sounds[:-1] == final.sounds, "what is told at a pause is told for good"
            settled.append(partials[-1].at - final.end)
    assert settled
    assert max(settled) < 0.5


def test_live_blocks_and_replay_blocks_give_the_same(transcriber: ZipformerTranscriber, bundled_call: Speech) -> None:
    sound = bundled_call("faulty", "agent", 3)
    at_once = sound.through(transcriber.session("agent"))
    assert len([h for h in at_once if h.final]) >= 2
    for sizes in ((1,), (5,), (3, 1, 17)):
        assert sound.through(transcriber.session("agent"), *sizes) == at_once


def test_one_model_serves_two_channels_at_once(transcriber: ZipformerTranscriber, bundled_call: Speech) -> None:
    sound = bundled_call("faulty", "agent", 3)
    alone = sound.through(transcriber.session("agent"))
    results: list[list[Heard]] = []
    threads = [
        threading.Thread(target=lambda: results.append(sound.through(transcriber.session("agent"), 5)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == [alone, alone]


def test_nothing_is_written_to_the_screen(
    model_dir: Callable[[str, str], Path], bundled_call: Speech, capfd: pytest.CaptureFixture[str]
) -> None:
    transcriber = ZipformerTranscriber(model_dir("zipformer", "sherpa_onnx"))
    bundled_call("faulty", "agent", 3).through(transcriber.session("agent"))
    assert capfd.readouterr() == ("", "")


def test_a_damaged_model_is_an_error_with_a_way_out(model_dir: Callable[[str, str], Path], tmp_path: Path) -> None:
    good = model_dir("zipformer", "sherpa_onnx")
    broken = tmp_path / good.name
    broken.mkdir()
    for file in good.iterdir():
        content = file.read_bytes()
        (broken / file.name).write_bytes(content[:-1000] if "encoder" in file.name else content)
    with pytest.raises(ModelError) as caught:
        ZipformerTranscriber(broken)
    assert "encoder" in str(caught.value)
    assert "callflow models install" in caught.value.hint.en
