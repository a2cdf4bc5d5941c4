"""A live call as a Source: microphone = agent, far end = customer, two devices on one clock.

The devices are captured by processes of their own (``capture``, ``sound_card``), laid on one clock (``clocked``) and
listened to for what is wrong with them (``watch``). A device that is gone is silence by the clock until it is back;
iteration goes on until ``close``.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

from callflow.audio.capture import Capture, Samples
from callflow.audio.clocked import PATIENCE, PATIENCE_LOOPBACK, Joined, Timeline
from callflow.audio.devices import Device
from callflow.audio.notices import Notice, Notices
from callflow.audio.presence import LOOKED_AFTER_EVERY, look_at, look_for_sources
from callflow.audio.source import FRAME, RATE, Block
from callflow.audio.watch import Watch
from callflow.texts import Text, text

_STARTS_WITHIN = 3.0  # seconds; a device that needs longer starts late
_WAITING = 60 * 50 * 2  # pieces that wait for a program that is busy elsewhere, a minute of both channels
_MUCH_DRIFT = 500.0  # parts per million: ten times what a sound card has


class Headset:
    """Both sides of a call from two devices, in Blocks of one frame, as they are spoken.

    ``notices``: what is wrong at the moment, to be shown. ``began``: ``time.monotonic`` at 0 on the audio clock of the
    Blocks. ``warnings`` keeps each thing that was noticed, once.
    """

    separate = True

    def __init__(self, microphone: Device, far_end: Device) -> None:
        self.warnings: list[Text] = []
        self.notices = Notices()
        self.began = 0.0
        self._queue: queue.Queue[tuple[Timeline, float, Samples]] = queue.Queue(_WAITING)
        self._joined = Joined(0.0)
        self._watch = Watch()
        self._blocks: deque[Block] = deque()
        self._closed = threading.Event()
        self._captures = {
            "microphone": Capture(microphone, lambda at, samples: self._put(self._joined.agent, at, samples)),
            "far_end": Capture(far_end, lambda at, samples: self._put(self._joined.customer, at, samples)),
        }
        self._looking_after = threading.Thread(target=self._look_after, name="sound devices", daemon=True)

    @property
    def timelines(self) -> tuple[Timeline, Timeline]:
        """The agent's channel and the customer's as they were laid out, to be measured."""
        return self._joined.agent, self._joined.customer

    def __enter__(self) -> Self:
        """Open both devices; returns once both deliver, or when one does not for some seconds."""
        self.began, began = time.monotonic(), time.perf_counter()
        patience = [
            PATIENCE_LOOPBACK if capture.device.falls_silent else PATIENCE for capture in self._captures.values()
        ]
        self._joined = Joined(began, *patience)
        self._look_at_choice()
        for capture in self._captures.values():
            capture.start()
        for capture in self._captures.values():
            if not capture.device.falls_silent:
                capture.delivered.wait(max(0.0, self.began + _STARTS_WITHIN - time.monotonic()))
        self._looking_after.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the devices; iteration ends. May be called from another thread."""
        if self._closed.is_set():
            return
        self._closed.set()
        if self._looking_after.is_alive():
            self._looking_after.join()
        for capture in self._captures.values():
            capture.close()

    def __iter__(self) -> Iterator[Block]:
        return self

    def __next__(self) -> Block:
        """The next frame; waits for it to be spoken."""
        while not self._blocks:
            if self._closed.is_set():
                raise StopIteration
            self._collect()
        block = self._blocks.popleft()
        gone = self._captures["microphone"].heard == float("-inf")
        for notice in self._watch.feed(block, microphone_gone=gone):
            self._notice(notice)
        return block

    # ------------------------------------------------------------------------------------------------ sound

    def _put(self, channel: Timeline, at: float, samples: Samples) -> None:
        with suppress(queue.Full):  # nobody has taken anything for a minute: the clock fills what is missing
            self._queue.put_nowait((channel, at, samples))

    def _collect(self) -> None:
        """Everything that has come, or nothing for a frame's time; then the clock decides what is known by now."""
        try:
            pieces = [self._queue.get(timeout=FRAME / RATE)]
            while not self._queue.empty():
                pieces.append(self._queue.get_nowait())
        except queue.Empty:
            pieces = []
        for channel, at, samples in pieces:
            channel.add(at, samples)
        self._blocks.extend(self._joined.blocks(time.perf_counter()))

    # ------------------------------------------------------------------------------------------------ notices

    def _notice(self, notice: Notice) -> None:
        if not notice.ended and notice.text not in self.warnings:
            self.warnings.append(notice.text)
        self.notices.put(notice)

    def _look_at_choice(self) -> None:
        microphone, far_end = (capture.device for capture in self._captures.values())
        if (microphone.kind, far_end.kind) == ("loopback", "microphone"):
            self._notice(Notice("swapped.choice", _SWAPPED))
        elif microphone == far_end:
            self._notice(Notice("same.choice", _SAME))

    def _look_after(self) -> None:
        """Every now and then: is either device gone, or back?"""
        rounds = 0
        while not self._closed.wait(LOOKED_AFTER_EVERY):
            if rounds % 4 == 0:
                look_for_sources(*self._captures.values())
            rounds += 1
            for role, capture in self._captures.items():
                self._notice(look_at(role, capture))
            self._look_at_drift()

    def _look_at_drift(self) -> None:
        for role, timeline in zip(self._captures, self.timelines, strict=True):
            if (drift := timeline.drift) is not None:
                much = abs(drift) > _MUCH_DRIFT
                self._notice(Notice(f"{role}.drift", _DRIFT if much else _NO_DRIFT, ended=not much))


_SWAPPED = text(
    "what the computer plays is chosen as the microphone, and a microphone as the far end: swap --microphone and "
    "--far-end",
    "电脑播放的声音被选作麦克风，麦克风被选作对方声音：请对调 --microphone 和 --far-end",
)
_SAME = text(
    "the same device is chosen for both sides: choose with --microphone and --far-end",
    "两侧选了同一个设备：请用 --microphone 和 --far-end 分别选择",
)
_DRIFT = text(
    "a sound device's clock is far off; it is corrected, but another device or another USB socket would be better",
    "声音设备的时钟偏差很大；已自动校正，但建议更换设备或 USB 接口",
)
_NO_DRIFT = text("the sound device's clock is right again", "声音设备的时钟已恢复正常")
