"""How many microphones one core measures, beside a straightforward SciPy pipeline that yields the same quantities.

Both get the same noise at 32 kHz in blocks of one second; time is processor time of this process. Nothing here fails on
speed: it prints the figures and their ratio.

    python benchmarks/levels.py --seconds 120
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.analysis import SoundAnalyser

RATE = 32_000
CENTRES = [1000 * 10 ** (0.1 * k) for k in range(-16, 12)]
Floats = NDArray[np.floating]


def blocks(seconds: int) -> Iterator[Block]:
    """Pink-ish noise, one block a second, the same on every run."""
    generator = np.random.default_rng(1)
    for second in range(seconds):
        samples = signal.lfilter([0.05], [1, -0.95], generator.standard_normal(RATE)).astype(np.float32)
        yield Block(samples=samples, rate=RATE, start=1_800_000_000.0 + second, sigma=0.001, index=second * RATE)


def ours(heard: list[Block]) -> None:
    """Everything a node computes from sound, the recogniser apart."""
    analyser = SoundAnalyser(RATE, 120.0)
    for block in heard:
        analyser.feed(block)
    analyser.finish()


class Straightforward:
    """What one writes first: bilinear weightings, an exponential detector, one band-pass filter a third."""

    def __init__(self) -> None:
        w = [2 * math.pi * f for f in (20.598997, 107.65265, 737.86223, 12194.217)]
        gain = w[3] ** 2
        a = signal.bilinear_zpk([0] * 4, [-w[0]] * 2 + [-w[1], -w[2]] + [-w[3]] * 2, gain, RATE)
        c = signal.bilinear_zpk([0] * 2, [-w[0]] * 2 + [-w[3]] * 2, gain, RATE)
        self.filters = [signal.zpk2sos(*a), signal.zpk2sos(*c)]
        half = 10**0.05
        self.filters += [
            signal.butter(3, [f / half, min(f * half, 0.499 * RATE)], "bandpass", fs=RATE, output="sos")
            for f in CENTRES
        ]
        self.states = [np.zeros((sos.shape[0], 2)) for sos in self.filters]
        self.smoothing = 1 - math.exp(-1 / (0.125 * RATE))
        self.smooth_state = np.zeros(1)
        self.history: list[Floats] = []

    def feed(self, samples: Floats) -> dict[str, float]:
        """The levels of one second."""
        weighted = []
        for number, sos in enumerate(self.filters):
            filtered, self.states[number] = signal.sosfilt(sos, samples, zi=self.states[number])
            weighted.append(filtered)
        a, c, *thirds = weighted
        fast, self.smooth_state = signal.lfilter([self.smoothing], [1, self.smoothing - 1], a * a, zi=self.smooth_state)
        self.history = [*self.history[-59:], fast[:: RATE // 8]]
        levels = {
            "laeq": np.mean(a * a),
            "lceq": np.mean(c * c),
            "lzeq": np.mean(samples * samples),
            "lafmax": np.max(fast),
            "lcpeak": np.max(np.abs(c)) ** 2,
            **{f"third-{n}": np.mean(third * third) for n, third in enumerate(thirds)},
            **{f"l{p}": np.percentile(np.concatenate(self.history), 100 - p) for p in (10, 50, 90)},
        }
        return {name: 10 * math.log10(float(power) + 1e-20) for name, power in levels.items()}


def straightforward(heard: list[Block]) -> None:
    """The same quantities, the obvious way."""
    pipeline = Straightforward()
    for block in heard:
        pipeline.feed(block.samples)


def streams_a_core(pipeline: Callable[[list[Block]], None], heard: list[Block]) -> float:
    """Seconds of sound for each second of processor time."""
    pipeline(heard[:5])
    began = time.process_time()
    pipeline(heard)
    return len(heard) / (time.process_time() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="seconds of sound")
    heard = list(blocks(parser.parse_args().seconds))
    here = streams_a_core(ours, heard)
    there = streams_a_core(straightforward, heard)
    print(f"levels, bands, percentiles and onsets at {RATE} Hz: {here:.0f} streams a core")
    print(f"straightforward SciPy pipeline, without onsets:    {there:.0f} streams a core")
    print(f"ratio: {here / there:.1f}")


if __name__ == "__main__":
    main()
