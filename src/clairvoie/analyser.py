"""The analyser process of one sensor: sound in, claims out, nothing else.

What this process may touch: the recording it replays (read only), the model in the package (read only), the wall
clock, the writing end of its own pipe to the gate, and two more pipes: on one it says in a single byte that it can
begin, from the other it learns when. It gives one exit code from a closed list and writes nothing to standard output or
standard error. Sound never leaves it: a block has no serializer, and the pipe carries claims alone.

A full pipe never blocks it. What does not fit is not said, and how often that happened shows in the health of the
next minute. The locks that will keep even a hostile analyser to this (Landlock, seccomp) are not built yet.
"""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import get_args

from msgspec.structs import replace

from clairvoie.boundary.detection import Claim, MinuteLevels
from clairvoie.boundary.hazards import Health
from clairvoie.boundary.wire import encode_claim
from clairvoie.capture.clock import ReplayClock
from clairvoie.capture.recording import Recording
from clairvoie.capture.replay import replay
from clairvoie.detect.sound.analysis import SoundAnalyser
from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.egress.pipe import read_packets, write_packet
from clairvoie.errors import CaptureError, ClairvoieError, ModelError
from clairvoie.lifeline import cut, tie_to_parent
from clairvoie.orders import MOMENT_BYTES, READY, AnalyserEnd, AnalyserOrders, moment_in, read_orders

OVERRUN_SECONDS = 2.0
LONGEST_OVERRUN_SECONDS = 10.0
"""An analyser that falls further behind the wall clock than this loses blocks, as a live device would. In a fast replay
the bound is the second one, in replayed time: what comes later than that the gate would refuse."""
CLAIMS = get_args(Claim)


class ClaimWriter:
    """Writes claims to the pipe; what the pipe has no room for is counted, and the next minute says "gaps"."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.lost = 0

    def write(self, outputs: Iterable[object]) -> None:
        """Write those of ``outputs`` that are claims."""
        for output in outputs:
            if not isinstance(output, CLAIMS):
                continue
            if isinstance(output, MinuteLevels) and self.lost and output.health is Health.FINE:
                output = replace(output, health=Health.GAPS)
            if not write_packet(self._descriptor, encode_claim(output)):
                self.lost += 1
            elif isinstance(output, MinuteLevels):
                self.lost = 0


def start_of(orders: AnalyserOrders) -> int | None:
    """The UTC second of the first sample, awaited if the settings give none; ``None`` when the launcher is gone."""
    if orders.sensor.source.start is not None:
        return orders.sensor.source.start
    poller = select.poll()
    poller.register(orders.begin, select.POLLIN)
    poller.register(orders.control, 0)
    while True:
        poller.poll()
        packets, ended = read_packets(orders.begin, 1, MOMENT_BYTES)
        if packets:
            return moment_in(packets[0])
        if ended or cut(orders.control):
            return None


def analyse(
    orders: AnalyserOrders, *, wall: Callable[[], float] = time.time, wait: Callable[[float], None] = time.sleep
) -> AnalyserEnd:
    """Replay the sensor's source to its end and write what is claimed about it."""
    source = orders.sensor.source
    tagger = SoundTagger.load()
    recording = Recording(
        Path(source.file), channel=source.channel, raw=source.raw, rate=source.rate, channels=source.channels
    )
    analyser = SoundAnalyser(recording.rate, orders.sensor.calibration, tagger)
    write_packet(orders.ready, READY)  # when that pipe is full, it was said often enough before
    start = start_of(orders)
    if start is None:
        return AnalyserEnd.LAUNCHER_GONE
    clock = ReplayClock(start=start, wall_origin=orders.clock.wall_of(start), speed=orders.clock.speed)
    writer = ClaimWriter(orders.claims)
    overrun = min(LONGEST_OVERRUN_SECONDS, OVERRUN_SECONDS * max(1.0, orders.clock.speed))
    blocks = replay(
        recording,
        clock,
        sigma=source.clock_sigma,
        loop=source.loop,
        overrun_seconds=overrun,
        wall=wall,
        wait=wait,
    )
    for block in blocks:
        if cut(orders.control):
            return AnalyserEnd.LAUNCHER_GONE
        writer.write(analyser.feed(block))
    writer.write(analyser.finish())
    return AnalyserEnd.SOURCE_ENDED


def main() -> AnalyserEnd:
    """Be an analyser, and end with a code from the closed list."""
    try:
        orders = read_orders(AnalyserOrders)
        tie_to_parent(orders.parent)
        return analyse(orders)
    except BrokenPipeError:
        return AnalyserEnd.LAUNCHER_GONE  # nobody reads the pipe any more
    except ModelError:
        return AnalyserEnd.MODEL_UNUSABLE
    except CaptureError:
        return AnalyserEnd.SOURCE_LOST
    except ClairvoieError:
        return AnalyserEnd.FAULT


if __name__ == "__main__":
    sys.exit(main())
