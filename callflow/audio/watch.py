"""What is wrong with the sound of a call, told from the sound itself. Pure: Blocks in, Notices out.

Everything here is judged once a second over that second, and every notice ends by itself when what it tells of is over.
What cannot be told apart is said so: an echo of the microphone on the far end may be swapped devices, or a softphone
that plays the agent's own voice back.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from callflow.audio.notices import Notice
from callflow.audio.source import RATE, Block
from callflow.texts import Text, text

Wave = NDArray[np.float32]

_CLIPPED = 32_600  # a sample that the converter could not tell from a larger one
_CLIPPED_SHARE = 0.002  # of a second's samples, in runs of three or more
_SPEAKS = 10 ** (-45 / 20)  # RMS of a second in which somebody speaks, of 1
_HEARD = 10 ** (-60 / 20)  # RMS below which a copy disturbs nobody
_ALIKE = 0.1  # correlation of a copy; that of unrelated speech stays below 0.08
_SAME_LAG = 0.005  # seconds that the delay of a copy may wander from one time to the next
_RIVAL = 0.85  # the correlation at another delay, as part of the best
_REMEMBERED = 3  # copies found before, one of which must have come with the same delay
_NO_COPIES = 10  # times with speech that end a notice when no copy is found in them
_LAGS = (-0.3, 0.4)  # seconds by which a copy may come after the original
_SAME_SOUND = 0.9
_TONE = (435.0, 465.0)  # the telephone's 450 Hz
_TONE_SHARE = 0.8  # of the power of a second
_LOUDER = 10.0  # times the tone of the far end, which may come back as bleed
_DEAD_AFTER = 4  # seconds of nothing but zeros: no microphone is so quiet
_DEAD_AFTER_GATED = 60
_GATED = 3  # pauses of zeros after which it is taken for a headset that mutes itself in pauses
_CLIPPING_ENDS = 10  # seconds


@dataclass
class Alarm:
    """A notice that begins after ``on`` seconds in a row that speak for it, and ends after ``off`` that do not."""

    id: str
    begins: Text
    ends: Text
    on: int = 1
    off: int = 5
    raised: bool = False
    _for: int = field(default=0, repr=False)
    _against: int = field(default=0, repr=False)

    def judge(self, wrong: bool) -> list[Notice]:
        """One more second."""
        self._for = self._for + 1 if wrong else 0
        self._against = 0 if wrong else self._against + 1
        if not self.raised and self._for >= self.on:
            self.raised = True
            return [Notice(self.id, self.begins)]
        if self.raised and self._against >= self.off:
            self.raised = False
            return [Notice(self.id, self.ends, ended=True)]
        return []


class Watch:
    """Follows both channels."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._count = 0
        self._before: tuple[Wave, Wave] = (np.zeros(RATE, np.float32), np.zeros(RATE, np.float32))
        self._silent = _Silent()
        self._copies = _Copies()
        self._clipping = [
            Alarm("microphone.clipping", _MICROPHONE_LOUD, _MICROPHONE_FINE, off=_CLIPPING_ENDS),
            Alarm("far_end.clipping", _FAR_END_LOUD, _FAR_END_FINE, off=_CLIPPING_ENDS),
        ]
        self._tone = Alarm("swapped.tone", _TONE_ON_MICROPHONE, _TONE_OVER, off=10)

    def feed(self, block: Block, microphone_gone: bool = False) -> list[Notice]:
        """What has begun or ended with this block. ``microphone_gone``: its silence is ours, not its own."""
        self._blocks.append(block)
        self._count += len(block.agent)
        if self._count < RATE:
            return []
        agent = np.concatenate([block.agent for block in self._blocks])
        customer = np.concatenate([block.customer for block in self._blocks])
        self._blocks, self._count = [], 0
        notices = [] if microphone_gone else self._silent.judge(agent)
        for alarm, samples in zip(self._clipping, (agent, customer), strict=True):
            notices += alarm.judge(is_clipped(samples))
        microphone, far_end = _wave(agent), _wave(customer)
        notices += self._tone.judge(is_tone(microphone) and tone_power(microphone) > _LOUDER * tone_power(far_end))
        for shift in (RATE // 2, 0):  # seconds that overlap, so that a short answer fills one of them
            both = [
                np.concatenate([old, new])[-RATE - shift :][:RATE]
                for old, new in zip(self._before, (microphone, far_end), strict=True)
            ]
            notices += self._copies.judge(*both)
        self._before = microphone, far_end
        return notices


def is_clipped(samples: NDArray[np.int16]) -> bool:
    """Whether the peaks of a second are cut off: several samples in a row at the end of the range."""
    full = np.abs(samples.astype(np.int32)) >= _CLIPPED
    runs = full[2:] & full[1:-1] & full[:-2]
    return bool(runs.mean() >= _CLIPPED_SHARE) if len(runs) else False


def is_tone(wave: Wave) -> bool:
    """Whether a second is mostly the telephone's tone of 450 Hz."""
    return _rms(wave) > _SPEAKS and tone_power(wave) > _TONE_SHARE * float(np.mean(wave * wave))


def tone_power(wave: Wave) -> float:
    """The mean power of a second at 450 Hz, of 1."""
    power = np.abs(np.fft.rfft(wave)) ** 2
    frequency = np.fft.rfftfreq(len(wave), 1 / RATE)
    inside = (frequency >= _TONE[0]) & (frequency <= _TONE[1])
    return 2 * float(power[inside].sum()) / len(wave) ** 2


def copy_of(original: Wave, other: Wave) -> tuple[float, float]:
    """How much of ``original`` is found again in ``other``: correlation (0 to 1), and by how many seconds it comes
    later (below 0: earlier). Both of the same length. Music and tones are the same again after every period: where the
    delay could as well be another, the correlation is 0.
    """
    a, b = np.diff(original), np.diff(other)  # evens out the long waves, which are alike in all speech
    size = 1 << (2 * len(a) - 1).bit_length()
    norm = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
    if not norm:
        return 0.0, 0.0
    correlation = np.fft.irfft(np.conj(np.fft.rfft(a, size)) * np.fft.rfft(b, size), size)
    first, last = (round(lag * RATE) for lag in _LAGS)
    lags = np.abs(np.concatenate([correlation[first:], correlation[:last]]))
    best = int(lags.argmax())
    alike = float(lags[best])
    near = round(_SAME_LAG * RATE)
    rival = max(lags[: max(0, best - near)].max(initial=0), lags[best + near :].max(initial=0))
    return (alike / norm if rival < _RIVAL * alike else 0.0), (best + first) / RATE


def _wave(samples: NDArray[np.int16]) -> Wave:
    return samples.astype(np.float32) / np.float32(32768)


def _rms(wave: Wave) -> float:
    return float(np.sqrt(np.mean(wave * wave)))


class _Silent:
    """A microphone that gives nothing but zeros is muted or dead; one that does so in every pause is only gated."""

    def __init__(self) -> None:
        self._alarm = Alarm("microphone.silent", _MICROPHONE_SILENT, _MICROPHONE_HEARD, off=1)
        self._zeros = 0
        self._pauses = 0
        self._heard = False

    def judge(self, samples: NDArray[np.int16]) -> list[Notice]:
        if samples.any():
            if self._heard and 0 < self._zeros < _DEAD_AFTER_GATED:
                self._pauses += 1
            self._heard, self._zeros = True, 0
        else:
            self._zeros += 1
        patience = _DEAD_AFTER_GATED if self._pauses >= _GATED else _DEAD_AFTER
        return self._alarm.judge(self._zeros >= patience)


class _Copies:
    """The sound of one channel on the other: bleed, an echo the wrong way round, or the same device twice."""

    def __init__(self) -> None:
        self._bleed = Alarm("bleed", _BLEED, _BLEED_OVER, off=_NO_COPIES)
        self._echo = Alarm("swapped.echo", _ECHO, _ECHO_OVER, off=_NO_COPIES)
        self._same = Alarm("same", _SAME, _SAME_OVER, off=_NO_COPIES)
        self._lags: deque[float] = deque(maxlen=_REMEMBERED)

    def judge(self, microphone: Wave, far_end: Wave) -> list[Notice]:
        said, answered = _rms(microphone), _rms(far_end)
        if min(said, answered) < _HEARD or max(said, answered) < _SPEAKS:
            return []  # nobody speaks, or there is no room for a copy: that tells nothing
        alike, lag = copy_of(far_end, microphone)
        copied = alike >= _ALIKE and any(abs(lag - earlier) <= _SAME_LAG for earlier in self._lags)
        if alike >= _ALIKE:
            self._lags.append(lag)
        same = copied and alike >= _SAME_SOUND
        notices = self._same.judge(same)
        if answered >= _SPEAKS:
            notices += self._bleed.judge(copied and not same and lag > 0)
        if said >= _SPEAKS:
            notices += self._echo.judge(copied and not same and lag <= 0)
        return notices


_MICROPHONE_LOUD = text(
    "the microphone is too loud, its peaks are cut off: lower the input level, or move it away from the mouth",
    "麦克风音量过大，声音被削波：请调低输入音量，或让麦克风离嘴远一些",
)
_MICROPHONE_FINE = text("the microphone is not too loud any more", "麦克风音量已恢复正常")
_FAR_END_LOUD = text(
    "the customer's sound is too loud, its peaks are cut off: lower the softphone's volume",
    "客户声音过大，声音被削波：请调低软电话的播放音量",
)
_FAR_END_FINE = text("the customer's sound is not too loud any more", "客户声音音量已恢复正常")
_MICROPHONE_SILENT = text(
    "the microphone gives no sound at all: is it muted, or is another one in use? See callflow devices --meter",
    "麦克风完全没有声音：是否已静音，或选错了麦克风？请用 callflow devices --meter 检查",
)
_MICROPHONE_HEARD = text("the microphone is heard again", "麦克风已恢复声音")
_BLEED = text(
    "the customer is heard in the microphone and may be taken for you: use a headset, or turn the loudspeaker down",
    "麦克风里能听到客户的声音，可能被误认为是您说的：请戴耳机，或调低扬声器音量",
)
_BLEED_OVER = text("the customer is not heard in the microphone any more", "麦克风里已听不到客户的声音")
_ECHO = text(
    "your voice comes back on the customer's channel: either the two devices are swapped, or the softphone plays your "
    "own voice to you (sidetone); check --microphone and --far-end",
    "您的声音又出现在客户声道：可能是两个设备选反了，或软电话开了侧音；请检查 --microphone 和 --far-end",
)
_ECHO_OVER = text("your voice does not come back on the customer's channel any more", "客户声道里已听不到您的声音")
_SAME = text(
    "both channels carry the same sound: is one device in use for both? Choose with --microphone and --far-end",
    "两个声道的声音相同：是否选了同一个设备？请用 --microphone 和 --far-end 选择",
)
_SAME_OVER = text("the two channels differ again", "两个声道已不再相同")
_TONE_ON_MICROPHONE = text(
    "the telephone's tone is on the microphone's channel only: the two devices seem to be swapped",
    "电话音只出现在麦克风声道：两个设备似乎选反了",
)
_TONE_OVER = text("the telephone's tone is over", "电话音已结束")
