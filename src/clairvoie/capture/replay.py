"""A recording played as if a microphone heard it now: each block leaves when its last sample would have been taken.

A replay that begins late, because its analyser was started again, goes on where its clock is and not at the start of
the file. A loop repeats the file without a break in the clock. A reader that falls behind by more than
``overrun_seconds`` loses blocks as a live device would lose them, and the next block says how many samples.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from clairvoie.capture.blocks import Block
from clairvoie.capture.clock import ReplayClock, SampleClock
from clairvoie.capture.recording import BLOCK_SECONDS, Recording


def replay(
    recording: Recording,
    clock: ReplayClock,
    *,
    sigma: float = 0.001,
    loop: bool = False,
    block_seconds: float = BLOCK_SECONDS,
    overrun_seconds: float | None = None,
    wall: Callable[[], float] = time.time,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Block]:
    """Blocks of ``recording`` in time: the first sample of the file is at ``clock.start``.

    Blocks carry UTC with uncertainty ``sigma`` and count their index from the start of the replay, over all its
    repeats. ``overrun_seconds`` is in replayed time; ``None`` never drops anything, and blocks come late instead.
    """
    times = SampleClock(clock.start, recording.rate, sigma)
    begin = max(0, round((clock.now(wall()) - clock.start) * recording.rate))
    lost = 0
    for block in _from(begin, _placed(recording, times, begin, loop=loop, block_seconds=block_seconds), times):
        delay = clock.wall_of(block.end) - wall()
        if delay > 0:
            wait(delay)
        elif overrun_seconds is not None and -delay * clock.speed > overrun_seconds:
            lost += block.missing + block.samples.size
            continue
        yield replace(block, missing=block.missing + lost) if lost else block
        lost = 0


def _placed(
    recording: Recording, times: SampleClock, begin: int, *, loop: bool, block_seconds: float
) -> Iterator[Block]:
    """The blocks of all repeats with their index from the start. Repeats that end before ``begin`` are left out."""
    base = 0
    while True:
        length = 0
        for block in recording.blocks(block_seconds):
            length = block.index + block.samples.size
            index = base + block.index
            yield replace(block, index=index, start=times.time_of(index), sigma=times.sigma)
        if not loop:
            return
        base += length * max(1, (begin - base) // length)


def _from(begin: int, blocks: Iterator[Block], times: SampleClock) -> Iterator[Block]:
    """``blocks`` without what lies before sample ``begin``."""
    for block in blocks:
        skip = begin - block.index
        if skip >= block.samples.size:
            continue
        if skip > 0:
            start = times.time_of(begin)
            yield replace(block, samples=block.samples[skip:], index=begin, start=start, missing=0)
        else:
            yield block
