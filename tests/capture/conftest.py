"""Recordings made on the spot: a tone in any container, with timestamps as one likes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

RATE = 16_000
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(
        name: str,
        samples: NDArray[np.int16],
        *,
        codec: str = "pcm_s16le",
        rate: int = RATE,
        starts: Sequence[int] | None = None,
        frame: int = 1600,
    ) -> Path:
        """Write ``samples``, shape (channels, n); frame ``i`` is stamped ``starts[i]`` samples from the start."""
        channels = samples.reshape(-1, samples.shape[-1])
        layout = "mono" if channels.shape[0] == 1 else "stereo"
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate, layout=layout)
            for number, first in enumerate(range(0, channels.shape[1], frame)):
                part = channels[:, first : first + frame]
                packed = np.ascontiguousarray(part.T.reshape(1, -1))
                made = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
                made.rate = rate
                made.pts = first if starts is None else starts[number]
                made.time_base = Fraction(1, rate)
                for packet in stream.encode(made):
                    container.mux(packet)
            for packet in stream.encode(None):
                container.mux(packet)
        return path

    return _write
