"""Stands in for an analyser in tests of the processes: the same orders, the same pipe, claims by the clock alone.

A bang every twenty seconds, breaking glass once a minute, and every scheduled value, all computed from UTC, so that an
analyser that is started again goes on where the other was. With the source ``late.wav`` it is ready once that file is
there; with ``missing.wav`` it ends at once, as an analyser does that cannot open its source.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

from clairvoie.boundary.detection import (
    OCTAVE_CENTRES,
    THIRD_CENTRES,
    Claim,
    DetectionBegin,
    DetectionEnd,
    HourNoise,
    ImpulseDetection,
    MinuteLevels,
    TenSecondLevel,
    ThirdLevels,
)
from clairvoie.boundary.hazards import HazardKind, Health, NoiseSource
from clairvoie.boundary.wire import encode_claim
from clairvoie.egress.pipe import write_packet
from clairvoie.node.lifeline import cut, tie_to_parent
from clairvoie.node.orders import READY, AnalyserEnd, AnalyserOrders, read_orders


def claims_at(second: int) -> list[Claim]:
    """What becomes certain when the UTC second ``second`` begins."""
    claims: list[Claim] = []
    if second % 20 == 11:
        claims.append(ImpulseDetection(onset=second - 0.4321, sigma=0.0005, level=96.0))
    if second % 60 == 25:
        kind = HazardKind.GLASS_BREAKING
        claims.append(
            DetectionBegin(local=second, kind=kind, onset=second - 0.7, confidence=0.9, level=80.0, clock_sigma=0.001)
        )
    if second % 60 == 28:
        kind = HazardKind.GLASS_BREAKING
        claims.append(DetectionEnd(local=second - 3, kind=kind, offset=second - 0.2, confidence=0.9, level=82.0))
    if second % 10 == 0:
        claims.append(TenSecondLevel(end=second, laeq=60.0))
    if second % 60 == 0:
        claims.append(
            MinuteLevels(
                end=second, laeq=60.0, lceq=62.0, lafmax=90.0, lcpeak=96.0, l10=61.0, l50=59.0, l90=58.0,
                octaves=(50.0,) * len(OCTAVE_CENTRES), sources=((NoiseSource.TRAFFIC, 0.9),),
                valid_seconds=60, overload_seconds=0, windy=False, health=Health.FINE,
            )
        )  # fmt: skip
    if second % 600 == 0:
        claims.append(ThirdLevels(end=second, seconds=600, thirds=(50.0,) * len(THIRD_CENTRES)))
    if second % 3600 == 0:
        claims.append(HourNoise(end=second, harmonica=5.3, intermittency=41.0, events=12, coverage=1.0))
    return claims


def run(orders: AnalyserOrders) -> None:
    """Say what there is to say, in time, until the launcher is gone."""
    tie_to_parent(orders.parent)
    source = Path(orders.sensor.source.file)
    if source.name == "missing.wav":
        sys.exit(AnalyserEnd.SOURCE_LOST)
    while source.name == "late.wav" and not source.exists() and not cut(orders.control):
        time.sleep(0.01)
    write_packet(orders.ready, READY)
    second = math.ceil(orders.clock.utc(time.time()))
    while not cut(orders.control):
        time.sleep(max(0.0, orders.clock.wall_of(second) - time.time()))
        for claim in claims_at(second):
            write_packet(orders.claims, encode_claim(claim))
        second += 1


if __name__ == "__main__":
    run(read_orders(AnalyserOrders))
