"""Recordings of calls, in every format that PyAV reads, streamed block by block.

Nothing is ever loaded whole: memory does not depend on the length of the call. What a recording is (``channels``,
``rate``, ``codec`` …) is known as soon as it is open; what went wrong while reading it (``warnings``, ``truncated``)
once the last block has been read.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import av
import av.container
import av.logging
import numpy as np
from numpy.typing import NDArray

from callflow.audio.source import FRAME, RATE, Block
from callflow.errors import BadRecording
from callflow.texts import Text, refused, text

av.logging.set_level(None)  # FFmpeg would write to stderr by itself; what matters comes as an exception or a warning

# Sound files only. Without these two lists FFmpeg would take a text file with a play list in it for a recording, and
# fetch what it names.
_FORMATS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,caf,flac,g722,g729,gsm,matroska,mov,mp3,ogg,tta,voc,w64,wav,webm,wv,xwma"
)
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}

_GAP = 0.06
"""Smallest hole in the time stamps that is filled, in seconds: less is the rounding of some containers."""

_LONGEST_GAP = 6 * 3600.0
"""A larger hole is a broken time stamp, not a pause, and is left out."""

_AT_ONCE = RATE // 10
"""Samples that the resampler gives at once: some codecs have frames so short that their number costs more than they."""

_ALIKE_FOR = 120.0
"""Two channels that carry the same sound for so long (seconds) are one: the ring tone alone may be on both."""

Pair = NDArray[np.int16]
"""Samples of all channels, shape ``[channels, n]``."""


class Recording:
    """One recorded call as a ``Source``. Raises ``BadRecording`` where it cannot be read at all.

    ``agent``: the channel that the agent is on. ``block_seconds``: length of the blocks, rounded to whole frames.
    ``channels`` (1 or 2), ``rate`` (Hz) and ``codec`` are the file's own; ``duration`` is in seconds, ``None`` where
    the file does not say. ``truncated``: the sound ends before the file says it should; set by the last block.
    """

    def __init__(self, path: Path | str, agent: Literal["left", "right"] = "left", block_seconds: float = 0.1) -> None:
        self.path = Path(path)
        self.warnings: list[Text] = []
        self.truncated = False
        self._container = _open(self.path)
        try:
            self._describe()
            self._look_ahead()
        except BaseException:
            self._container.close()
            raise
        self._agent = 1 if agent == "right" and self.separate else 0
        self._size = max(1, round(block_seconds * RATE / FRAME)) * FRAME
        self._blocks = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; iteration ends."""
        self._blocks.close()
        self._container.close()

    def __iter__(self) -> Iterator[Block]:
        return self

    def __next__(self) -> Block:
        return next(self._blocks)

    def _describe(self) -> None:
        streams = self._container.streams.audio
        if not streams:
            message = text('no sound in "{p}"', "“{p}”里没有声音", p=self.path)
            raise BadRecording(message, text("is it a recording?", "这是录音文件吗？"))
        context = streams[0].codec_context
        if context is None or not context.sample_rate or not context.channels:
            message = text('the sound in "{p}" is coded in an unknown way', "“{p}”的声音编码无法识别", p=self.path)
            raise BadRecording(message, _EXPORT_AGAIN)
        self.channels, self.rate, self.codec = context.channels, context.sample_rate, context.name
        self.duration = self._container.duration / av.time_base if self._container.duration else None
        self.separate = self.channels == 2
        if self.channels > 2:
            message = text(
                '"{p}" has {n} channels; a call has one or two',
                "“{p}”有 {n} 个声道，通话应为一个或两个",
                p=self.path,
                n=self.channels,
            )
            hint = text("export it with agent and customer on one channel each", "请导出为坐席、客户各一个声道的录音")
            raise BadRecording(message, hint)
        if len(streams) > 1:
            self.warnings.append(
                text("has {n} sound tracks; only the first is read", "有 {n} 条音轨，只读第一条", n=len(streams))
            )

    def _look_ahead(self) -> None:
        """Make sure that there is sound, and find out whether two channels are really one recorded twice."""
        heard = 0
        sounding = False
        with _open(self.path) as container:
            for samples in _Decoder(container):
                heard += samples.shape[1]
                if not self.separate or _differ(samples[0], samples[1]):
                    break
                sounding = sounding or bool(samples.any())
                if heard > _ALIKE_FOR * RATE:
                    self.separate = not sounding
                    break
            else:
                self.separate = self.separate and not sounding
        if not heard:
            raise BadRecording(
                text('"{p}" has no sound in it (0 seconds)', "“{p}”里没有任何声音（0 秒）", p=self.path), _EXPORT_AGAIN
            )
        if not self.separate:
            why = (
                text("mono", "单声道")
                if self.channels == 1
                else text("both channels carry the same sound", "两个声道的声音相同")
            )
            self.warnings.append(
                Text(
                    f"{why.en}: both speak on one channel; who speaks is told from what they say",
                    f"{why.zh}：双方在同一声道，按话语内容推断说话人",
                )
            )

    def _read(self) -> Generator[Block, None, None]:
        decoder = _Decoder(self._container)
        waiting: list[Pair] = []
        count = given = 0
        for samples in decoder:
            waiting.append(samples)
            count += samples.shape[1]
            if count >= self._size:
                joined = np.concatenate(waiting, axis=1)
                whole = count - count % self._size
                for start in range(0, whole, self._size):
                    yield self._block(given + start, joined[:, start : start + self._size])
                waiting, count, given = [joined[:, whole:]], count - whole, given + whole
        self._conclude(decoder, (given + count) / RATE)
        if count:
            rest = np.concatenate(waiting, axis=1)
            yield self._block(given, np.pad(rest, ((0, 0), (0, -count % FRAME))))

    def _block(self, first: int, samples: Pair) -> Block:
        agent = np.ascontiguousarray(samples[self._agent])
        customer = np.ascontiguousarray(samples[1 - self._agent]) if self.separate else np.zeros_like(agent)
        return Block(first / RATE, agent, customer)

    def _conclude(self, decoder: _Decoder, seconds: float) -> None:
        promised = _promised(self.path, self._container)
        self.truncated = decoder.broke_off or (promised is not None and seconds < promised - max(0.3, promised * 0.01))
        if self.truncated:
            whole = promised or self.duration
            self.warnings.append(
                text(
                    "cut off: {s:.1f} s of {w:.1f} s could be read",
                    "录音不完整：{w:.1f} 秒中只读到 {s:.1f} 秒",
                    s=seconds,
                    w=whole,
                )
                if whole and whole > seconds
                else text("cut off after {s:.1f} s", "录音在 {s:.1f} 秒处中断", s=seconds)
            )
        if decoder.damaged:
            self.warnings.append(
                text(
                    "damaged places: {n}, the first at {s:.1f} s; they are read as silence",
                    "有 {n} 处损坏，第一处在 {s:.1f} 秒，按静音处理",
                    n=decoder.damaged,
                    s=decoder.first_damage,
                )
            )


def _differ(left: NDArray[np.int16], right: NDArray[np.int16]) -> bool:
    """Whether there is more between two channels than coding noise (-60 dBFS, or a twentieth of the power)."""
    a, b = left.astype(np.float32), right.astype(np.float32)
    apart = float(np.mean((a - b) ** 2))
    return apart > 30.0**2 and apart > 0.05 * float(np.mean(a * a + b * b))


class _Decoder:
    """Samples of an open container at ``RATE``, holes in its time stamps filled with silence."""

    def __init__(self, container: av.container.InputContainer) -> None:
        self._container = container
        self._stream = container.streams.audio[0]
        self._start = self._stream.start_time
        self._tick = float(self._stream.time_base or 0)  # seconds, one step of the time stamps
        # The file's own layout, so that nothing is ever mixed from one channel into the other.
        self._layout = self._stream.codec_context.layout
        self._resampler = self._new_resampler()
        self.seconds = 0.0
        self.damaged = 0
        self.first_damage = 0.0
        self.broke_off = False

    def __iter__(self) -> Iterator[Pair]:
        for frame in self._frames():
            gap = self._gap(frame.pts)
            if gap:
                yield from self._rest()
                yield from self._silence(gap)
            frame.pts = None
            try:
                resampled = self._resample(frame)
            except (av.FFmpegError, ValueError):
                self._damage()
                continue
            self.seconds += frame.samples / frame.sample_rate
            yield from map(_samples, resampled)
        yield from self._rest()

    def _new_resampler(self) -> av.AudioResampler:
        return av.AudioResampler("s16p", self._layout, RATE, frame_size=_AT_ONCE)

    def _resample(self, frame: av.AudioFrame) -> list[av.AudioFrame]:
        try:
            return self._resampler.resample(frame)
        except ValueError:  # the rate or the channels change on the way
            rest, self._resampler = self._resampler, self._new_resampler()
            return rest.resample(None) + self._resampler.resample(frame)

    def _rest(self) -> Iterator[Pair]:
        """What the resampler still holds."""
        rest, self._resampler = self._resampler, self._new_resampler()
        yield from map(_samples, rest.resample(None))

    def _frames(self) -> Iterator[av.AudioFrame]:
        """Decoded frames; packets that cannot be decoded are counted and skipped."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.FFmpegError:
                self.broke_off = True
                return
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self._damage()
            else:
                yield from frames

    def _damage(self) -> None:
        if not self.damaged:
            self.first_damage = self.seconds
        self.damaged += 1

    def _gap(self, pts: int | None) -> float:
        """Seconds missing before the frame with this time stamp."""
        if pts is None:
            return 0.0
        if self._start is None:
            self._start = pts
        gap = (pts - self._start) * self._tick - self.seconds
        return gap if _GAP < gap < _LONGEST_GAP else 0.0

    def _silence(self, seconds: float) -> Iterator[Pair]:
        self.seconds += seconds
        missing = round(seconds * RATE)
        while missing > 0:
            yield np.zeros((self._layout.nb_channels, min(missing, RATE)), np.int16)
            missing -= RATE


def _samples(frame: av.AudioFrame) -> Pair:
    """The samples of a planar 16-bit frame; ``to_ndarray`` does the same in six times the time."""
    return np.stack([np.frombuffer(memoryview(plane), np.int16, frame.samples) for plane in frame.planes])


_EXPORT_AGAIN = text(
    "play it in a media player to check, or export it again from the recording system",
    "请先用播放器确认能否播放，或从录音系统重新导出",
)


def _open(path: Path) -> av.container.InputContainer:
    """Open ``path`` with FFmpeg, or say why it cannot be."""
    if not path.exists():
        raise BadRecording(text('no file "{p}"', "找不到文件“{p}”", p=path), text("check the path", "请检查路径"))
    if path.is_dir():
        message = text('"{p}" is a directory', "“{p}”是一个目录", p=path)
        raise BadRecording(message, text("name one recording in it", "请指定其中的一个录音文件"))
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise BadRecording(text('cannot read "{p}": {e}', "无法读取“{p}”：{e}", p=path, e=refused(error))) from error
    if not head:
        raise BadRecording(text('"{p}" is empty (0 bytes)', "“{p}”是空文件（0 字节）", p=path), _EXPORT_AGAIN)
    if _is_text(head):
        raise BadRecording(text('"{p}" is text, not a recording', "“{p}”是文本，不是录音", p=path), _EXPORT_AGAIN)
    try:
        # "file:" and the full path, so that a colon in the name is not taken for a protocol
        container = av.open(f"file:{path.resolve()}", options=_OPTIONS, metadata_errors="ignore")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise BadRecording(_why_not_sound(path, head), _EXPORT_AGAIN) from error
    return container


def _why_not_sound(path: Path, head: bytes) -> Text:
    if head.startswith((b"RIFF", b"OggS", b"fLaC", b"ID3", b"#!AMR")) or head[4:8] == b"ftyp":
        return text('"{p}" is damaged or cut off at its beginning', "“{p}”的文件头已损坏或不完整", p=path)
    return text('"{p}" is not a recording in a known format', "“{p}”不是可识别的录音格式", p=path)


def _is_text(head: bytes) -> bool:
    """Whether it is UTF-8 or GBK: FFmpeg takes some Chinese texts for sound. Sound has control characters in it."""
    if any(byte < 0x20 and byte not in b"\t\n\r\f" for byte in head):
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            head.decode(encoding)
        except UnicodeDecodeError as error:
            if error.start > len(head) - 4:  # the last character was cut
                return True
        else:
            return True
    return False


def _promised(path: Path, container: av.container.InputContainer) -> float | None:
    """Seconds of sound that the file itself promises, ``None`` where it does not say so for certain.

    For a WAV file FFmpeg quietly takes the size of the file over that in its header, so that is read here.
    """
    name = container.format.name
    stream = container.streams.audio[0]
    duration = container.duration / av.time_base if container.duration else None
    with path.open("rb") as file:
        head = file.read(4096)
    if name == "wav":
        size = int.from_bytes(head[4:8], "little") + 8
        actual = path.stat().st_size
        streamed = size in (8, 0xFFFFFFFF + 8)  # written to a pipe: the size was not known
        return duration * size / actual if duration and not streamed and actual < size - 1 else duration
    if name == "mp3" and not (b"Xing" in head or b"Info" in head):
        return None  # guessed from the bit rate
    if name in ("flac", "mp3") or "mp4" in name:
        return float(stream.duration * stream.time_base) if stream.duration and stream.time_base else duration
    return None
