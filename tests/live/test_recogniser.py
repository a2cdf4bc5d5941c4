"""A recogniser's process that cannot do its work: it says why, and is started again ever more rarely."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from callflow.live.ears import Ears
from callflow.live.notices import Board
from callflow.live.recogniser import AGAIN_AFTER, Changed, News, Recogniser
from callflow.speech.engines import Choice
from callflow.texts import Text

TRIES = 3


class Pauses(threading.Event):
    """Waits for nothing, and keeps how long it was to wait; set after ``TRIES``."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float | None] = []
        self.enough = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout)
        if len(self.asked) == TRIES:
            self.set()
            self.enough.set()
        return self.is_set()


def test_a_model_that_cannot_be_loaded_is_said_and_tried_ever_more_rarely(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("faster_whisper", reason="the extra whisper is not installed")
    told: list[News] = []
    recogniser = Recogniser(Choice("whisper", tmp_path / "gone", Text("", "")), told.append)
    pauses = recogniser._closing = Pauses()
    recogniser.start()
    try:
        assert pauses.enough.wait(60)
    finally:
        recogniser.close()
    assert pauses.asked == list(AGAIN_AFTER[:TRIES])
    assert [news.state for news in told if isinstance(news, Changed)] == ["lost"] * TRIES
    assert all(isinstance(news, Changed) and news.why for news in told)
    assert "Traceback" not in capfd.readouterr().err

    ears, board = Ears([recogniser]), Board()
    ears.take(told[0])
    assert board.follow_ears(ears)
    (notice,) = board.shown()
    assert isinstance(told[0], Changed)
    assert told[0].why
    assert told[0].why.en in notice.text.en
    assert told[0].why.zh in notice.text.zh
    ears.take(Changed("whisper", "ready"))
    board.follow_ears(ears)
    assert not board.shown()
