"""What decoding costs, apart from everything else: a minute of noise in the formats that recordings come in."""

from __future__ import annotations

import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import av.error
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from clairvoie.capture.recording import Recording

FORMATS: Final = (
    ("WAV", "wav", "pcm_s16le"),
    ("FLAC", "flac", "flac"),
    ("MP3", "mp3", "libmp3lame"),
    ("AAC", "m4a", "aac"),
)
"""Name, ending, and FFmpeg's encoder."""
BLOCK_SECONDS: Final = 1.0


class Decoding(Struct, frozen=True, kw_only=True):
    """Milliseconds a stream-second from an open file to blocks."""

    name: str
    ms: float


def decoding(bank: NDArray[np.float32], rate: int, *, seconds: int) -> list[Decoding | str]:
    """Each of the formats, read as ``listen`` reads it; a sentence where FFmpeg cannot write one here."""
    sound = np.resize(bank, seconds * rate)
    with tempfile.TemporaryDirectory() as folder:
        return [_decoding(Path(folder), name, ending, encoder, sound, rate) for name, ending, encoder in FORMATS]


def _decoding(
    folder: Path, name: str, ending: str, encoder: str, sound: NDArray[np.float32], rate: int
) -> Decoding | str:
    path = folder / f"noise.{ending}"
    try:
        _write(path, encoder, sound, rate)
    except (av.error.FFmpegError, ValueError) as error:
        return f"{name}: this FFmpeg cannot write it ({error})"
    recording = Recording(path)
    began = time.process_time()
    heard = sum(block.samples.size for block in recording.blocks(BLOCK_SECONDS))
    return Decoding(name=name, ms=1000 * (time.process_time() - began) / (heard / rate))


def _write(path: Path, encoder: str, sound: NDArray[np.float32], rate: int) -> None:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(encoder, rate=rate, layout="mono")
        samples = (np.clip(sound, -1, 1) * 32_767).astype("<i2")
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        pieces = av.AudioFifo()
        pieces.write(frame)
        converter = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate)
        while piece := pieces.read(stream.codec_context.frame_size or 1024, partial=True):
            for converted in converter.resample(piece):
                container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
