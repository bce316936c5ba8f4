"""The analyser process of one sensor: sound in, claims out, nothing else.

What this process may touch: its source (a recording, one ALSA device, or the pipe from its fetcher), the model in the
package (read only), the wall clock, the writing end of its own pipe to the gate, and two more pipes: on one it says in
single bytes how far it is, from the other it learns that it was looked at and when to begin. It gives one exit code
from a closed list and writes nothing to standard output or standard error. Sound never leaves it: a block has no
serializer, and the pipe carries claims alone.

It begins inside the locks that its launcher put on it (:mod:`clairvoie.egress.confining`). Before it reads anything of
its source but what a header says, it loads all that it needs, turns a few seconds of noise into claims that it throws
away, closes all other descriptors, lets the launcher look at them, and locks itself for good
(:mod:`clairvoie.egress.sealing`). FFmpeg reads headers and the first samples of a recording before that; of a live
source it has seen nothing but a device that opens.

A full pipe never blocks it. What does not fit is not said, and how often that happened shows in the health of the
next minute.
"""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import get_args

import numpy as np
from msgspec.structs import replace

from clairvoie.boundary.detection import Claim, MinuteLevels
from clairvoie.boundary.hazards import Health
from clairvoie.boundary.wire import encode_claim
from clairvoie.capture.blocks import Block
from clairvoie.capture.clock import ReplayClock
from clairvoie.capture.fetcher import FetchedSound
from clairvoie.capture.microphone import Microphone
from clairvoie.capture.recording import BLOCK_SECONDS, Recording
from clairvoie.capture.replay import replay
from clairvoie.detect.sound.analysis import SoundAnalyser
from clairvoie.detect.sound.tagging import SoundTagger
from clairvoie.egress import sealing
from clairvoie.egress.pipe import read_packets, write_packet
from clairvoie.errors import CaptureError, ClairvoieError, ModelError
from clairvoie.node.lifeline import cut, tie_to_parent
from clairvoie.node.orders import CLOSED, MOMENT_BYTES, READY, SEAL, AnalyserEnd, AnalyserOrders, moment_in, read_orders

OVERRUN_SECONDS = 2.0
LONGEST_OVERRUN_SECONDS = 10.0
"""An analyser that falls further behind the wall clock than this loses blocks, as a live device would. In a fast replay
the bound is the second one, in replayed time: what comes later than that the gate would refuse."""
CLAIMS = get_args(Claim)
NOISE_SECONDS = 3
Source = Recording | Microphone | FetchedSound
Lock = Callable[[Iterable[int]], bool]


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


def told(orders: AnalyserOrders) -> bytes | None:
    """The next packet from the launcher, awaited; ``None`` when the launcher is gone."""
    poller = select.poll()
    poller.register(orders.begin, select.POLLIN)
    poller.register(orders.control, 0)
    while True:
        poller.poll()
        packets, ended = read_packets(orders.begin, 1, MOMENT_BYTES)
        if packets:
            return packets[0]
        if ended or cut(orders.control):
            return None


def open_source(orders: AnalyserOrders) -> Source:
    """The sensor's source, opened so that nothing of it need be opened later."""
    sensor = orders.sensor
    if sensor.microphone is not None:
        device = sensor.microphone
        return Microphone(device.device, rate=device.rate, channel=device.channel, channels=device.channels)
    if sensor.stream is not None:
        return FetchedSound(orders.packets, channel=sensor.stream.channel)
    assert sensor.source is not None  # a sensor has exactly one of the three
    source = sensor.source
    return Recording(
        Path(source.file),
        channel=source.channel,
        raw=source.raw,
        rate=source.rate,
        channels=source.channels,
        hold=True,
    )


def load_everything(rate: int, calibration: float, tagger: SoundTagger) -> None:
    """Turn a little noise with a bang in it into claims, so that whatever is loaded lazily is loaded now."""
    noise = 0.01 * np.random.default_rng(1).standard_normal(rate * NOISE_SECONDS)
    noise[rate : rate + rate // 100] = 0.9
    analyser = SoundAnalyser(rate, calibration, tagger)
    claims = analyser.feed(Block(samples=noise.astype(np.float32), rate=rate, start=0.0, sigma=0.0, index=0))
    for claim in [*claims, *analyser.finish()]:
        if isinstance(claim, CLAIMS):
            encode_claim(claim)


def analyse(
    orders: AnalyserOrders,
    *,
    lock: Lock = lambda _: True,
    wall: Callable[[], float] = time.time,
    wait: Callable[[float], None] = time.sleep,
) -> AnalyserEnd:
    """Open the sensor's source, ``lock`` this process with the source's descriptors, and write what is claimed.

    ``lock`` is false when the launcher went away meanwhile.
    """
    tagger = SoundTagger.load()
    source = open_source(orders)
    calibration = orders.sensor.calibration
    load_everything(source.rate, calibration, tagger)
    if not lock(source.descriptors):
        return AnalyserEnd.LAUNCHER_GONE
    write_packet(orders.ready, READY)  # when that pipe is full, it was said often enough before
    writer = ClaimWriter(orders.claims)
    if isinstance(source, Recording):
        return _replay(orders, source, SoundAnalyser(source.rate, calibration, tagger), writer, wall, wait)
    sigma = (orders.sensor.microphone or orders.sensor.stream).clock_sigma  # type: ignore[union-attr]
    analyser: SoundAnalyser | None = None
    rate = 0
    for block in source.blocks(sigma=sigma, wall=wall):
        if cut(orders.control):
            return AnalyserEnd.LAUNCHER_GONE
        if analyser is None or block.rate != rate:  # a camera may come back with other settings
            analyser, rate = SoundAnalyser(block.rate, calibration, tagger), block.rate
        writer.write(analyser.feed(block))
    return AnalyserEnd.SOURCE_LOST


def _replay(
    orders: AnalyserOrders,
    recording: Recording,
    analyser: SoundAnalyser,
    writer: ClaimWriter,
    wall: Callable[[], float],
    wait: Callable[[float], None],
) -> AnalyserEnd:
    """Play the recording from its start, which is awaited if the orders give none."""
    source = orders.sensor.source
    assert source is not None
    start = source.start
    if start is None:
        packet = told(orders)
        if packet is None:
            return AnalyserEnd.LAUNCHER_GONE
        start = moment_in(packet)
    clock = ReplayClock(start=start, wall_origin=orders.clock.wall_of(start), speed=orders.clock.speed)
    overrun = min(LONGEST_OVERRUN_SECONDS, OVERRUN_SECONDS * max(1.0, orders.clock.speed))
    blocks: Iterator[Block] = replay(
        recording,
        clock,
        sigma=source.clock_sigma,
        loop=source.loop,
        block_seconds=BLOCK_SECONDS,
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


def lock_for_good(orders: AnalyserOrders, descriptors: Iterable[int]) -> bool:
    """Keep only ``descriptors`` and the pipes, let the launcher look, and give up everything else for ever."""
    sealing.close_others((*descriptors, orders.claims, orders.ready, orders.begin, orders.control))
    write_packet(orders.ready, CLOSED)
    if told(orders) != SEAL:
        return False
    sealing.seal(sealing.ANALYSER if orders.sensor.microphone is None else sealing.MICROPHONE)
    return True


def main() -> AnalyserEnd:
    """Be an analyser, and end with a code from the closed list."""
    try:
        orders = read_orders(AnalyserOrders)
        tie_to_parent(orders.parent)
        return analyse(orders, lock=lambda descriptors: lock_for_good(orders, descriptors))
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
