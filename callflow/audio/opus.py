"""Sound out: a call as a small file that every browser plays. Two channels stay two, the agent on the left."""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType
from typing import BinaryIO, Self

import av
import av.audio.resampler
import av.error
import numpy as np
from numpy.typing import NDArray

from callflow.audio.source import RATE, Block


class OpusWriter:
    """Encodes Blocks as Opus in WebM into ``file`` (binary, seekable), as they come; use it as a context manager.

    ``separate``: write both speakers, agent left and customer right; otherwise the one channel there is.
    ``bit_rate``: bits a second for all channels together, of which two need 24,000: below that Opus makes them one.
    The same blocks give the same bytes. Raises ``OSError``
    where ``file`` cannot be written.
    """

    def __init__(self, file: BinaryIO, separate: bool = True, bit_rate: int = 32_000) -> None:
        self._separate = separate
        self._layout = "stereo" if separate else "mono"
        # "bitexact" leaves out the time of writing and the random id that would make every file differ.
        self._container = av.open(file, "w", format="webm", options={"fflags": "+bitexact"})
        # Level 0 halves the encoder's work; at these rates telephone speech sounds the same.
        self._stream = self._container.add_stream(
            "libopus", rate=RATE, layout=self._layout, options={"application": "voip", "compression_level": "0"}
        )
        self._stream.bit_rate = bit_rate
        self._stream.codec_context.open()
        self._container.start_encoding()  # a call without a sound is a file too
        self._cut = av.audio.resampler.AudioResampler(
            format="s16", layout=self._layout, rate=RATE, frame_size=self._stream.codec_context.frame_size
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            # What is written cannot be used anyway; a second complaint would hide the first.
            with suppress(OSError, av.error.FFmpegError):
                self._container.close()
            return
        try:
            self._encode(None)
            self._container.mux(self._stream.encode(None))
            self._container.close()
        except av.error.FFmpegError as failure:
            raise OSError(failure.errno, failure.strerror) from failure

    def write(self, block: Block) -> None:
        """Append a block."""
        channels = (block.agent, block.customer) if self._separate else (block.agent,)
        self._encode(np.stack(channels, axis=1).reshape(1, -1))

    def _encode(self, samples: NDArray[np.int16] | None) -> None:
        """Hand over samples in frames of the encoder's own size; ``None`` for what is left over at the end."""
        frame = None
        if samples is not None:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="s16", layout=self._layout)
            frame.rate = RATE
        for part in self._cut.resample(frame):
            self._container.mux(self._stream.encode(part))
