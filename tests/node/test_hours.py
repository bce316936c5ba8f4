"""An hour from the sound to the desk, in memory: heard, claimed, released by the gate, signed, stored, read.

Noise at a rate that costs little, for a little more than the three quarters of an hour that indicators need; in it
twelve bursts 20 dB louder, three seconds each.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hub_street import Clock, Running, Street, settings_at

from clairvoie.boundary.bulletin import HourIndicators, charge, fields_millibits
from clairvoie.boundary.detection import Claim, HourNoise, MinuteLevels, TenSecondLevel
from clairvoie.boundary.standing import Act, Standing
from clairvoie.boundary.wire import MinuteParts, Record, decode_claim, encode_body, encode_claim
from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.analysis import SoundAnalyser
from clairvoie.egress.authority import Leave, Rules
from clairvoie.egress.budget import EVENT_DEPTH, SCHEDULED_DEPTH, Budget
from clairvoie.egress.gate import tick
from clairvoie.egress.state import GateState
from clairvoie.lab.leave import exercise_authorisation

RATE = 8000
HOUR = 3600
BEGIN = 1_795_309_200
END = BEGIN + HOUR
HEARD = 2760
BURSTS = range(END - 2400, END - 600, 150)
BURST_SECONDS = 3


def noise(seconds: int, seed: int = 0) -> np.ndarray:
    return (0.002 * np.random.default_rng(seed).standard_normal(seconds * RATE)).astype(np.float32)


def claims_of(first: int, last: int) -> list[Claim]:
    """What an analyser claims of the seconds from ``first`` to ``last``."""
    analyser = SoundAnalyser(RATE, 114.0)
    quiet, claims = noise(30), list[Claim]()
    for start in range(first, last, 30):
        sound = quiet.copy()
        for burst in BURSTS:
            if start <= burst < start + 30:
                at = (burst - start) * RATE
                sound[at : at + BURST_SECONDS * RATE] *= 10
        sound = sound[: (last - start) * RATE]
        claims += analyser.feed(Block(sound, RATE, start=float(start), sigma=0.001, index=(start - first) * RATE))  # type: ignore[arg-type]
    return claims


@pytest.fixture(scope="module")
def claims() -> list[Claim]:
    """The end of an hour, as it comes through the pipe."""
    return [decode_claim(encode_claim(claim)) for claim in claims_of(END - HEARD, END)]


@pytest.fixture(scope="module")
def heard(claims: list[Claim]) -> HourNoise:
    (hour,) = (claim for claim in claims if isinstance(claim, HourNoise))
    return hour


def records_of(claims: list[Claim], first: int, last: int) -> list[Record]:
    """What a gate with full buckets and leave for everything hands over of the seconds from ``first`` to ``last``."""
    act = exercise_authorisation("claire-voie", ["mic-a"], exercise=False, ends=END + 10**8)
    standing = Standing(acts=(Act(digest="0" * 64, authorisation=act, signed_by=("authority",)),))
    budget = Budget(scheduled=SCHEDULED_DEPTH, events=EVENT_DEPTH)
    state, records = GateState(sensor="mic-a", second=first - 1, budget=budget), []
    for second in range(first, last):
        leave = Leave(since=BEGIN, earliest=second, latest=second)
        said = [claim for claim in claims if isinstance(claim, HourNoise | MinuteLevels) and claim.end == second]
        release = tick(Rules(sensor="mic-a", standing=standing, leave=leave), state, second, said)
        assert release.refused == ()
        state, records = release.state, [*records, *release.records]
    return records


def test_an_hour_is_claimed_once_with_what_was_heard_in_it(claims: list[Claim], heard: HourNoise) -> None:
    quiet = next(claim.laeq for claim in claims if isinstance(claim, TenSecondLevel) and claim.laeq is not None)
    loud = len(BURSTS) * BURST_SECONDS
    energy = 10 * math.log10((loud * 100 + HEARD - loud) / HEARD)
    assert (heard.end, heard.coverage, heard.events) == (END, HEARD / HOUR, len(BURSTS))
    assert heard.harmonica == pytest.approx(0.2 * (quiet - 30) + 0.25 * energy, abs=0.05)
    assert heard.intermittency == pytest.approx(100 * loud * 100 / (loud * 100 + HEARD - loud), abs=1)
    assert claims[-1] == heard, "after the minute and the thirds that end with it"


def test_of_an_hour_of_which_little_was_heard_only_that_is_claimed() -> None:
    (hour,) = (claim for claim in claims_of(END - 90, END) if isinstance(claim, HourNoise))
    assert hour == HourNoise(end=END, harmonica=None, intermittency=None, events=None, coverage=90 / HOUR)


def test_an_hour_that_is_not_over_is_not_claimed() -> None:
    assert not any(isinstance(claim, HourNoise) for claim in claims_of(END - 30, END - 1))


def test_the_gate_releases_it_and_the_hub_gives_it_back(claims: list[Claim], heard: HourNoise, tmp_path: Path) -> None:
    (record,) = [r for r in records_of(claims, END, END + 60) if isinstance(r.content, MinuteParts)]
    (bulletin,) = [b for b in record.content.bulletins if b.second == END + 45]  # type: ignore[union-attr]
    assert [type(part) for part in bulletin.scheduled] == [HourIndicators]
    assert charge(bulletin).scheduled == fields_millibits(HourIndicators) == 22_516
    street = Street(Clock(END + 90.0))
    with Running.of(settings_at(tmp_path), street) as running:
        running.store(street.signed("mic-a", record.sequence, encode_body(record)))
        (row,) = running.desk.hours("mic-a", BEGIN, END)
        (stored,) = running.ledger.stored.values()
        assert running.desk.hours("mic-b", BEGIN, END) == ()
    assert heard.harmonica is not None
    assert heard.intermittency is not None
    assert (row.hour, row.events, row.coverage) == (BEGIN, len(BURSTS), 0.75)
    assert row.harmonica == pytest.approx(heard.harmonica, abs=0.051)
    assert row.intermittency == pytest.approx(heard.intermittency, abs=0.51)
    charges = [charge(b).total for b in record.content.bulletins]  # type: ignore[union-attr]
    assert stored.millibits == sum(charges), "the ledger's public header counts its bits"
