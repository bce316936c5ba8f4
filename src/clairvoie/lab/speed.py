"""How many streams one core hears, stage by stage, beside two peers in the same run.

The goal is 500 streams of 32 kHz on one core: weightings A, C and Z as recursive filters in float64, levels each
second, thirds, and scores of every source and hazard twice a second, which leaves 2 ms a stream-second for all of it.
Measured is :class:`~clairvoie.detect.sound.batch.StreamBatch`, from 1 to 1,000 streams; decoding is apart, and so is
the process of one real sensor, which cannot be batched.

Times are processor time of this process, the median over seconds of sound, since a machine that does other work as well
lengthens some of them; the wall clock is given beside it, and the load.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
import tracemalloc
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.signal import lfilter

from clairvoie.detect.sound.batch import StreamBatch
from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.lab.speed_decoding import Decoding, decoding
from clairvoie.lab.speed_peers import Peer, straightforward, yamnet_alone
from clairvoie.lab.speed_sensor import SensorCost, sensor_cost

VERSION: Final = 1
RATE: Final = 32_000
GOAL_STREAMS: Final = 500
GOAL_MS: Final = 1000 / GOAL_STREAMS
STREAMS: Final = (1, 3, 10, 30, 100, 300, 1000)
STAGES: Final = ("weightings", "levels", "bands", "spectra", "tagging")
STREAM_SECONDS: Final = 600
"""About so many are measured for each number of streams, three seconds of all at least."""
BANK_SECONDS: Final = 16
MEMORY_STREAMS: Final = 20
Samples = NDArray[np.float32]
Report = Callable[[str, int, int], None]


class Load(Struct, frozen=True, kw_only=True):
    """What ``streams`` streams in one process cost, in milliseconds a stream-second; ``stages`` add up to ``ms``."""

    streams: int
    stages: dict[str, float]
    ms: float
    wall_ms: float

    @property
    def streams_a_core(self) -> float:
        """Streams for which a core is fast enough."""
        return 1000 / self.ms


class Speed(Struct, frozen=True, kw_only=True):
    """All figures of one run. A peer or a process that could not be measured is a sentence that says why."""

    version: int
    rate: int
    model: str
    cores: int
    load_before: float
    load_after: float
    quick: bool
    loads: list[Load]
    kib_a_stream: float
    peers: list[Peer | str]
    decoding: list[Decoding | str]
    sensor: SensorCost | str

    @property
    def best(self) -> Load:
        """The number of streams at which one is cheapest."""
        return min(self.loads, key=lambda load: load.ms)


def measure(data: Path | None, *, quick: bool = False, sensor: bool = True, report: Report) -> Speed:
    """Measure everything. ``data`` holds ``models/yamnet.tflite``; ``quick`` only shows that it runs.

    ``report`` is told what is being done, how many parts are done, and of how many.
    """
    load_before = os.getloadavg()[0]
    tagger = SoundTagger.load()
    bank = _bank(BANK_SECONDS)
    counts = (1, 3) if quick else STREAMS
    parts = len(counts) + 5
    loads = []
    for done, count in enumerate(counts):
        report(f"{count} streams", done, parts)
        seconds = 2 if quick else max(3, STREAM_SECONDS // count)
        loads.append(_load(bank, tagger, count, min(seconds, 60)))
    report("memory", len(counts), parts)
    memory = _memory(bank, tagger)
    report("straightforward SciPy pipeline", len(counts) + 1, parts)
    peers: list[Peer | str] = [straightforward(bank, RATE, tagger, seconds=2 if quick else 20)]
    report("YAMNet", len(counts) + 2, parts)
    peers.append(yamnet_alone(data, seconds=2 if quick else 20))
    report("decoding", len(counts) + 3, parts)
    decoded = decoding(bank, RATE, seconds=4 if quick else 60)
    report("one sensor's process", len(counts) + 4, parts)
    cost = sensor_cost(bank, RATE, seconds=3 if quick else 30) if sensor else "not asked for (--no-sensor)"
    return Speed(
        version=VERSION,
        rate=RATE,
        model=tagger.model_hash,
        cores=os.cpu_count() or 1,
        load_before=load_before,
        load_after=os.getloadavg()[0],
        quick=quick,
        loads=loads,
        kib_a_stream=memory,
        peers=peers,
        decoding=decoded,
        sensor=cost,
    )


def _bank(seconds: int) -> Samples:
    """Seconds of street-like noise with a bang now and then, the same on every run: (seconds, ``RATE``)."""
    random = np.random.default_rng(1)
    noise = lfilter([0.05], [1, -0.95], random.standard_normal(seconds * RATE))
    for at in range(RATE, noise.size - 400, 5 * RATE + 777):
        noise[at : at + 400] += 0.3 * random.standard_normal(400)
    return np.asarray(noise, dtype=np.float32).reshape(seconds, RATE)


class _Laps:
    """Adds up processor time by stage."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._last = time.process_time()

    def lap(self, stage: str) -> None:
        now = time.process_time()
        self.spent[stage] += now - self._last
        self._last = now


def _load(bank: Samples, tagger: SoundTagger, count: int, seconds: int) -> Load:
    batch = StreamBatch(RATE, 120.0, count, tagger)
    picks = np.random.default_rng(2).integers(0, len(bank), (seconds + 2, count))
    each: list[dict[str, float]] = []
    walls = []
    for number, pick in enumerate(picks):
        sound = bank[pick]
        began = time.perf_counter()
        laps = _Laps()
        batch.feed(sound, laps.lap)
        if number >= 2:  # the first scores come in the second second, and caches are cold before
            each.append(dict(laps.spent))
            walls.append(time.perf_counter() - began)
    stages = {stage: 1000 * statistics.median(spent[stage] for spent in each) / count for stage in STAGES}
    return Load(streams=count, stages=stages, ms=sum(stages.values()), wall_ms=1000 * statistics.median(walls) / count)


def _memory(bank: Samples, tagger: SoundTagger) -> float:
    """Kibibytes that a stream keeps from one second to the next."""
    StreamBatch(RATE, 120.0, 1, tagger).feed(bank[:1])  # what streams share is there before
    gc.collect()
    tracemalloc.start()
    try:
        batch = StreamBatch(RATE, 120.0, MEMORY_STREAMS, tagger)
        for number in range(3):
            batch.feed(bank[(np.arange(MEMORY_STREAMS) + number) % len(bank)])
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / 1024 / MEMORY_STREAMS
    finally:
        tracemalloc.stop()
