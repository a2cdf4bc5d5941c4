"""The sound of a call while it is on, as Ogg Opus (RFC 3533, RFC 7845), the agent left and the customer right.

PyAV encodes; the pages are put together here, each of half a second and complete in itself, so that a file can end, and
can go on, behind any of them. That is what a program that is killed in mid-call needs, and FFmpeg's writer cannot give.
"""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from typing import BinaryIO, NamedTuple

import av
import av.audio.codeccontext
import numpy as np
from numpy.typing import NDArray

from callflow.audio.source import FRAME, RATE, Block

BIT_RATE = 32_000
PACKETS = 25
"""Packets of a page, each one frame of 20 ms."""
_STEP = 48_000 * FRAME // RATE
"""What one packet adds to a page's position: Ogg counts Opus in samples of 48 kHz."""
_HEAD = struct.Struct("<4sBBqIIIB")
_FIRST, _LAST = 2, 4
_TAGS = b"OpusTags" + struct.pack("<I8sI", 8, b"callflow", 0)
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class End(NamedTuple):
    """How far a file is whole: ``size`` bytes, ``packets`` of sound, ``pages``; ``serial``: its stream."""

    size: int
    packets: int
    pages: int
    serial: int


class OpusPages:
    """Turns Blocks into pages; ``after``: the end of a file that they are to go on with.

    Every method returns the bytes to append, whole pages or nothing.
    """

    def __init__(self, serial: int, after: End | None = None) -> None:
        self._serial = after.serial if after else serial
        self._pages = after.pages if after else 0
        self._packets = after.packets if after else 0  # in pages that are complete
        self._encoder = _encoder()
        self._waiting: list[bytes] = []
        self._skip = struct.unpack_from("<H", self._encoder.extradata or b"", 10)[0]

    @property
    def seconds(self) -> float:
        """How much sound there is, complete pages and not."""
        return (self._packets + len(self._waiting)) * FRAME / RATE

    def begin(self) -> bytes:
        """What a new file begins with."""
        return self._page([self._encoder.extradata or b""], 0, _FIRST) + self._page([_TAGS], 0)

    def add(self, block: Block) -> bytes:
        """More sound."""
        both = np.stack((block.agent, block.customer), axis=1)
        return b"".join(
            self._took(packet)
            for start in range(0, len(both), FRAME)
            for packet in _encoded(self._encoder, both[start : start + FRAME])
        )

    def silence(self, seconds: float) -> bytes:
        """A pause in which nothing was listened to."""
        packet = _silent_packet()
        return b"".join(self._took(packet) for _ in range(round(seconds * RATE / FRAME)))

    def end(self) -> bytes:
        """What is still to be written; nothing follows."""
        whole = (self._packets + len(self._waiting)) * _STEP + self._skip
        last = [*self._waiting, *(bytes(packet) for packet in self._encoder.encode(None))]
        self._waiting = []
        return self._page(last, whole, _LAST)

    def _took(self, packet: bytes) -> bytes:
        self._waiting.append(packet)
        if len(self._waiting) < PACKETS:
            return b""
        self._packets += len(self._waiting)
        page, self._waiting = self._page(self._waiting, self._packets * _STEP), []
        return page

    def _page(self, packets: list[bytes], position: int, kind: int = 0) -> bytes:
        sizes = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
        head = (b"OggS", 0, kind, position, self._serial, self._pages)
        self._pages += 1
        rest = sizes + b"".join(packets)
        blank = _HEAD.pack(*head, 0, len(sizes)) + rest
        return _HEAD.pack(*head, _checksum(blank), len(sizes)) + rest


def end_of(file: BinaryIO) -> End | None:
    """Where the last whole page of ``file`` ends; ``None`` where it is no Ogg Opus file of ours."""
    file.seek(0)
    end = End(0, 0, 0, 0)
    while page := _whole_page(file):
        _, _, _, position, serial, number, _, _ = _HEAD.unpack_from(page)
        end = End(end.size + len(page), max(0, position) // _STEP, number + 1, serial)
    return end if end.pages >= 2 else None


def _whole_page(file: BinaryIO) -> bytes:
    """The next page, nothing where it is cut off or damaged."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size or not head.startswith(b"OggS"):
        return b""
    sizes = file.read(head[-1])
    page = head + sizes + file.read(sum(sizes))
    without = page[:22] + bytes(4) + page[26:]
    return page if _checksum(without) == int.from_bytes(page[22:26], "little") else b""


def _checksum(page: bytes) -> int:
    """Ogg's CRC runs over the bits of each byte in the other order than zlib's, and inverts nothing."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def _encoder() -> av.audio.codeccontext.AudioCodecContext:
    """Both channels, a packet for each frame. Level 0 is enough for telephone speech (see ``opus``)."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.audio.codeccontext.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "stereo", "s16"
    encoder.bit_rate, encoder.time_base = BIT_RATE, Fraction(1, RATE)
    encoder.options = {"application": "voip", "compression_level": "0", "frame_duration": "20"}
    encoder.open()
    return encoder


def _encoded(encoder: av.audio.codeccontext.AudioCodecContext, both: NDArray[np.int16]) -> list[bytes]:
    """The packets of samples of shape ``[n, 2]``."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(both).reshape(1, -1), format="s16", layout="stereo")
    frame.rate = RATE
    return [bytes(packet) for packet in encoder.encode(frame)]


def _silent_packet() -> bytes:
    """A packet of silence, as it comes once the encoder has nothing left to fade out."""
    encoder = _encoder()
    nothing = np.zeros((FRAME, 2), np.int16)
    return [packet for _ in range(10) for packet in _encoded(encoder, nothing)][-1]
