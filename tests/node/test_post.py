"""A real analyser at its post: locked, looked at, given its start; and what shows when something is wrong."""

from __future__ import annotations

import os
import select
import signal
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clairvoie.boundary.confinement import ALL, Confinement, Lock
from clairvoie.boundary.detection import Claim, ImpulseDetection, MinuteLevels
from clairvoie.boundary.wire import CLAIM_BYTES, decode_claim
from clairvoie.config import ClockSettings, NodeSensor, ReplaySource
from clairvoie.egress import landlock
from clairvoie.egress.observed import descriptors_of, locks_of, strangers
from clairvoie.egress.pipe import read_packets
from clairvoie.node.orders import AnalyserEnd
from clairvoie.node.post import SensorPost
from clairvoie.node.trying import trial

RATE = 16_000
SPEED = 15.0
START = 1_800_000_000
PATIENCE = 60.0
pytestmark = pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """Forty seconds of faint noise with one bang, to be played in a loop."""
    random = np.random.default_rng(2)
    sound = 0.002 * random.standard_normal(RATE * 40)
    at = RATE * 21
    sound[at : at + RATE // 5] += (
        0.5 * np.exp(-np.arange(RATE // 5) / (0.01 * RATE)) * random.choice((-1, 1), RATE // 5)
    )
    with wave.open(str(tmp_path / "street.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
    return tmp_path


@pytest.fixture
def post(street: Path) -> Iterator[SensorPost]:
    control, lifeline = os.pipe()
    clock = ClockSettings(start=START, wall=time.time(), speed=SPEED)
    sensor = NodeSensor(id="mic-1", calibration=120, source=ReplaySource(file="street.wav", loop=True))
    made = SensorPost(sensor, street, clock, control)
    yield made
    made.end()
    made.child.stop()
    os.close(control)
    os.close(lifeline)


def wait_until_ready(post: SensorPost) -> None:
    until = time.monotonic() + PATIENCE
    while post.handshake is not None and not post.handshake.advance():
        assert time.monotonic() < until
        assert post.awaited, "it has ended before it was ready"
        select.select(post.awaited, [], [], 1.0)


def claims_until(post: SensorPost, minutes: int, bangs: int) -> list[Claim]:
    """What it says until it has told so many minutes and bangs: on a busy machine it loses blocks, and says so."""
    claims: list[Claim] = []
    until = time.monotonic() + PATIENCE
    while (
        sum(isinstance(claim, MinuteLevels) for claim in claims) < minutes
        or sum(isinstance(claim, ImpulseDetection) for claim in claims) < bangs
    ):
        assert time.monotonic() < until, claims
        assert post.child.process is not None
        assert post.child.process.poll() is None, "it has ended"
        select.select([post.claims], [], [], 1.0)
        claims += [decode_claim(packet) for packet in read_packets(post.claims, 100, CLAIM_BYTES)[0]]
    return claims


def test_a_recording_is_heard_over_and_over_inside_all_locks(post: SensorPost) -> None:
    post.child.start(time.monotonic())
    wait_until_ready(post)
    assert post.handshake is not None
    assert post.handshake.strangers == []
    assert post.handshake.confinement.missing in (Lock(0), Lock.NO_SWAP)
    assert not post.is_playing
    post.begin(START + 120)
    claims = claims_until(post, minutes=3, bangs=2)
    bangs = {round(claim.onset - START) % 40 for claim in claims if isinstance(claim, ImpulseDetection)}
    assert bangs == {21}
    assert post.is_playing
    post.withhold()
    assert not post.is_playing


def test_the_trial_finds_what_an_analyser_then_has(post: SensorPost) -> None:
    found = trial()
    assert found.fit_for_live
    post.child.start(time.monotonic())
    wait_until_ready(post)
    assert post.handshake is not None
    assert post.handshake.confinement == found


def test_an_analyser_without_its_recording_never_is_ready(post: SensorPost, street: Path) -> None:
    (street / "street.wav").unlink()
    post.child.start(time.monotonic())
    assert post.child.process is not None
    assert post.child.process.wait(PATIENCE) == AnalyserEnd.SOURCE_LOST
    assert post.handshake is not None
    assert not post.handshake.advance()
    assert not post.is_ready


def test_a_process_that_is_not_locked_or_is_gone_shows_no_lock() -> None:
    child = os.fork()
    if child == 0:
        signal.pause()
    try:
        assert locks_of(child) & (Lock.SECCOMP | Lock.NO_NEW_PRIVILEGES | Lock.NO_SWAP) == Lock(0)
        assert descriptors_of(child)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert locks_of(child) == Lock(0)
    assert descriptors_of(child) is None


def test_a_descriptor_that_was_not_given_is_a_stranger() -> None:
    assert strangers({0: "/dev/null", 5: "pipe:[1]", 7: "/etc/passwd"}, ["pipe:[1]"]) == ["/etc/passwd"]


@pytest.mark.parametrize("lock", [Lock.SECCOMP, Lock.LANDLOCK_FILES, Lock.DESCRIPTORS_CLOSED, Lock.NOT_DUMPABLE])
def test_without_one_of_the_required_locks_nothing_live_is_opened(lock: Lock) -> None:
    assert Confinement(locks=ALL).fit_for_live
    assert not Confinement(locks=ALL & ~lock).fit_for_live
