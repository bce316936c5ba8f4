"""How many signed records a second the hub takes, beside what SQLite alone can store of the same bytes.

One record is one sensor's minute, signed. The hub verifies each, judges it, and commits it with everything that follows
from it; beside it the same bodies go into one table, unverified, in transactions of the same size (WAL,
``synchronous=FULL``). No HTTP on either side; time is wall-clock, since waiting for the disk is part of it. Nothing
here fails on speed: it prints the figures and their ratio.

    python benchmarks/ingest.py --sensors 100 --minutes 60
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clairvoie.boundary.bulletin import (
    Bulletin,
    MinuteIndicators,
    MinuteOctaves,
    MinuteState,
    Scheduled,
    TenSeconds,
)
from clairvoie.boundary.reading import Deployment
from clairvoie.boundary.sensor import Place, Sensor, SensorKind
from clairvoie.boundary.signed import RECORD_DOMAIN, Envelope, encode_batch, sign
from clairvoie.boundary.wire import MinuteParts, Record, encode_body
from clairvoie.hub.enrolment import Enrolment, KnownNode
from clairvoie.hub.hub import Hub, Task
from clairvoie.hub.incidents import Grouping
from clairvoie.hub.trusting import read_trust
from clairvoie.hub.unrecorded import Unrecorded
from clairvoie.lab.leave import exercise_authorisation, make_leave, write_leave

START = 1_799_999_940
BATCH = 200
AT_ONCE = 8
"""Uploads under way at the same time, as from as many nodes."""


def minute_of(sensor: str, minute: int) -> MinuteParts:
    """One minute's scheduled parts, thirds apart."""
    parts: dict[int, Scheduled] = {second: TenSeconds(laeq=84) for second in range(2, 60, 10)}
    parts[4] = MinuteIndicators(lceq=90, lafmax=110, lcpeak=140, l10=95, l50=80, l90=60)
    parts[6] = MinuteOctaves(levels=(50,) * 9)
    parts[8] = MinuteState(sources=(7, 0, 0), valid_seconds=61, overloads=1, windy=0, health=0, drops=1, refusals=1)
    bulletins = tuple(
        Bulletin(sensor=sensor, second=minute + second, scheduled=(part,)) for second, part in sorted(parts.items())
    )
    return MinuteParts(sensor=sensor, minute=minute, bulletins=bulletins)


def envelopes(key: Ed25519PrivateKey, sensors: int, minutes: int) -> list[Envelope]:
    """Every sensor's minutes, signed, in the order in which they would leave."""
    return [
        sign(
            key,
            domain=RECORD_DOMAIN,
            deployment="bench",
            node="node-1",
            epoch=0,
            sensor=f"mic-{sensor}",
            sequence=number + 1,
            body=encode_body(Record(sequence=number + 1, content=minute_of(f"mic-{sensor}", START + 60 * number))),
        )
        for number in range(minutes)
        for sensor in range(sensors)
    ]


def hub_at(folder: Path, key: Ed25519PrivateKey, sensors: int, now: float) -> Hub:
    """A hub that believes ``key``."""
    place = Place(latitude=48.0, longitude=2.0)
    names = [f"mic-{n}" for n in range(sensors)]
    known = [Sensor(id=name, node="node-1", kind=SensorKind.MICROPHONE, place=place, simulated=True) for name in names]
    deployment = Deployment(id="bench", place="Bench", time_zone="Europe/Paris", exercise=False, language="en", map={})
    enrolment = Enrolment.of("bench", [KnownNode("node-1", key.public_key())], known)
    leave = make_leave("bench", exercise=False)
    write_leave(folder, leave, [leave.signed(exercise_authorisation("bench", names, exercise=False, ends=2**31))])
    trust = read_trust(
        folder / "charter.json", folder / "authorisations", folder / "keys", deployment="bench", exercise=False
    )
    hub = Hub(Task(deployment, enrolment, folder / "hub.sqlite", Grouping(), trust), lambda: now, Unrecorded())
    hub.begin()
    return hub


async def take(hub: Hub, uploads: list[bytes]) -> None:
    """Deliver every upload, :data:`AT_ONCE` at a time."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(body: bytes) -> None:
        async with gate:
            await hub.take_upload(body)

    await asyncio.gather(*map(one, uploads))


def store_bare(path: Path, batches: list[list[Envelope]]) -> None:
    """The same bodies into one table."""
    with sqlite3.connect(path, isolation_level=None) as store:
        store.executescript(
            "pragma journal_mode=wal; pragma synchronous=full;"
            "create table records (sensor text, sequence integer, body blob, primary key (sensor, sequence))"
        )
        for batch in batches:
            store.execute("begin")
            store.executemany("insert into records values (?, ?, ?)", [(e.sensor, e.sequence, e.body) for e in batch])
            store.execute("commit")
    store.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sensors", type=int, default=50)
    parser.add_argument("--minutes", type=int, default=60)
    asked = parser.parse_args()
    key = Ed25519PrivateKey.generate()
    signed = envelopes(key, asked.sensors, asked.minutes)
    batches = [signed[at : at + BATCH] for at in range(0, len(signed), BATCH)]
    uploads = [encode_batch(tuple(batch)) for batch in batches]
    with tempfile.TemporaryDirectory(prefix="clairvoie-bench-") as scratch:
        hub = hub_at(Path(scratch), key, asked.sensors, START + 60.0 * asked.minutes + 60)
        began = time.perf_counter()
        asyncio.run(take(hub, uploads))
        here = len(signed) / (time.perf_counter() - began)
        hub.close()
        began = time.perf_counter()
        store_bare(Path(scratch) / "bare.sqlite", batches)
        there = len(signed) / (time.perf_counter() - began)
    print(f"hub: {here:,.0f} signed sensor-minutes a second, verified, judged and committed")
    print(f"SQLite alone: {there:,.0f} of the same bodies a second, unverified, in transactions of {BATCH}")
    print(f"ratio: {here / there:.3f}; one record a minute and sensor, so this is the load of {here * 60:,.0f} sensors")


if __name__ == "__main__":
    main()
