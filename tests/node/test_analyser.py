"""The analyser process: sound in, claims out, an exit code from a closed list, and not a word besides."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import wave
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from clairvoie.boundary.detection import Claim, ImpulseDetection, MinuteLevels, TenSecondLevel
from clairvoie.boundary.hazards import Health
from clairvoie.boundary.wire import CLAIM_BYTES, decode_claim
from clairvoie.config import ClockSettings, NodeSensor, ReplaySource, child_environment
from clairvoie.egress.pipe import open_pipe, read_packets, write_packet
from clairvoie.node.analyser import ClaimWriter, analyse
from clairvoie.node.orders import READY, AnalyserEnd, AnalyserOrders, moment, written

START = 1_800_000_000
RATE = 16_000
SECONDS = 61
BANGS = (12.3, 27.8, 44.1)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of faint noise with three bangs in it."""
    random = np.random.default_rng(2)
    sound = 0.002 * random.standard_normal(RATE * SECONDS)
    for bang in BANGS:
        at, length = round(bang * RATE), RATE // 5
        sound[at : at + length] += (
            0.5 * np.exp(-np.arange(length) / (0.01 * RATE)) * random.choice((-1, 1), length)
        )  # fmt: skip
    path = tmp_path_factory.mktemp("street") / "street.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
    return path


class Ends(NamedTuple):
    """The pipe to a gate that is not there, and those to a launcher that is: lifeline, readiness, start."""

    reading: int
    writing: int
    control: int
    lifeline: int
    told_ready: int
    ready: int
    begin: int
    starting: int


@pytest.fixture
def ends() -> Iterator[Ends]:
    pipes = Ends(*open_pipe(), *os.pipe(), *open_pipe(), *open_pipe())
    yield pipes
    for end in pipes:
        os.close(end)


class Wall:
    """A wall clock on which waiting takes no time."""

    def __init__(self) -> None:
        self.now = float(START)

    def wait(self, seconds: float) -> None:
        self.now += seconds


def orders_for(file: Path, ends: Ends, start: int | None = START) -> AnalyserOrders:
    source = ReplaySource(file=str(file), start=start)
    sensor = NodeSensor(id="mic-1", calibration=120, source=source)
    clock = ClockSettings()
    return AnalyserOrders(
        parent=os.getpid(), sensor=sensor, clock=clock, claims=ends.writing, ready=ends.ready, begin=ends.begin,
        control=ends.control,
    )  # fmt: skip


def claims_in(ends: Ends) -> list[Claim]:
    packets, _ = read_packets(ends.reading, 10_000, CLAIM_BYTES + 1)
    return [decode_claim(packet) for packet in packets]


def test_a_recording_becomes_claims_with_the_time_of_the_clock(street: Path, ends: Ends) -> None:
    wall = Wall()
    assert analyse(orders_for(street, ends), wall=lambda: wall.now, wait=wall.wait) is AnalyserEnd.SOURCE_ENDED
    claims = claims_in(ends)
    assert wall.now == pytest.approx(START + SECONDS, abs=0.2)
    assert Counter(type(claim) for claim in claims)[TenSecondLevel] == 6
    assert [claim.end for claim in claims if isinstance(claim, MinuteLevels)] == [START + 60]
    bangs = [claim.onset - START for claim in claims if isinstance(claim, ImpulseDetection)]
    assert bangs == [pytest.approx(bang, abs=0.002) for bang in BANGS]


def test_an_analyser_without_a_start_says_that_it_is_ready_and_begins_when_it_is_told(street: Path, ends: Ends) -> None:
    wall = Wall()
    told = threading.Thread(target=tell_start, args=(ends,))
    told.start()
    ended = analyse(orders_for(street, ends, start=None), wall=lambda: wall.now, wait=wall.wait)
    told.join()
    assert ended is AnalyserEnd.SOURCE_ENDED
    assert [claim.end for claim in claims_in(ends) if isinstance(claim, MinuteLevels)] == [START + 60]


def tell_start(ends: Ends) -> None:
    """As a launcher does: once the analyser is ready, and not before."""
    assert select.select([ends.told_ready], [], [], 60.0)[0]
    assert read_packets(ends.told_ready, 2, 2) == ([READY], False)
    write_packet(ends.starting, moment(START))


def test_an_analyser_that_waits_for_its_start_ends_with_its_launcher(street: Path, ends: Ends) -> None:
    control, lifeline = os.pipe()
    os.close(lifeline)
    try:
        orders = orders_for(street, ends._replace(control=control), start=None)
        assert analyse(orders) is AnalyserEnd.LAUNCHER_GONE
    finally:
        os.close(control)
    assert read_packets(ends.told_ready, 1, 2) == ([READY], False)


def test_a_full_pipe_loses_claims_and_the_next_minute_says_so(ends: Ends) -> None:
    writer = ClaimWriter(ends.writing)
    while write_packet(ends.writing, bytes(CLAIM_BYTES)):
        continue
    writer.write([TenSecondLevel(end=START, laeq=50.0)])
    assert writer.lost == 1
    read_packets(ends.reading, 10_000, CLAIM_BYTES)
    minute = MinuteLevels(
        end=START, laeq=None, lceq=None, lafmax=None, lcpeak=None, l10=None, l50=None, l90=None, octaves=(None,) * 9,
        sources=(), valid_seconds=0, overload_seconds=0, windy=False, health=Health.FINE,
    )  # fmt: skip
    writer.write([minute, minute])
    assert [claim.health for claim in claims_in(ends) if isinstance(claim, MinuteLevels)] == [Health.GAPS, Health.FINE]


def test_what_is_no_claim_is_not_written(ends: Ends) -> None:
    ClaimWriter(ends.writing).write([np.zeros(3), b"sound", "words"])
    assert claims_in(ends) == []


def test_an_analyser_without_its_source_ends_with_a_code_and_without_a_word(tmp_path: Path, ends: Ends) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "clairvoie.node.analyser", written(orders_for(tmp_path / "missing.wav", ends))],
        pass_fds=(ends.writing, ends.ready, ends.begin, ends.control),
        env=child_environment(),
        capture_output=True,
        timeout=120,
    )
    assert ended.returncode == AnalyserEnd.SOURCE_LOST
    assert (ended.stdout, ended.stderr) == (b"", b"")
    assert claims_in(ends) == []
    assert read_packets(ends.told_ready, 1, 2) == ([], False)  # it never was ready


def test_an_analyser_ends_when_its_launcher_is_gone(street: Path, ends: Ends) -> None:
    control, lifeline = os.pipe()
    os.close(lifeline)
    wall = Wall()
    try:
        orders = orders_for(street, ends._replace(control=control))
        ending = analyse(orders, wall=lambda: wall.now, wait=wall.wait)
    finally:
        os.close(control)
    assert ending is AnalyserEnd.LAUNCHER_GONE
