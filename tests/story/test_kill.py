"""Kill the hub, the node's processes, all of them, again and again during a replay; suspend a hazard in the middle and
give leave again; cut the line for an hour, until the lease is over.

At the end every detection that the gate released is stored at the hub exactly once, but for what the suspension erased:
of that nothing is stored, and nothing but that is missing. The hub and the node are the real ones, as processes; only
the analyser is scripted, so that there is something to detect every few seconds. Moments and victims come from a seed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog
from dying_town import LEASE_SECONDS, LEAVE, OUTAGE_SECONDS, SENSORS, SPEED, SUSPENDED, Town, in_store
from running_node import START
from stretch import worst_excess

from clairvoie.boundary.bulletin import (
    BITS_PER_SECOND,
    BURST_BITS,
    BeginEvent,
    Bulletin,
    EndEvent,
    Event,
    ImpulseEvent,
    charge,
)
from clairvoie.boundary.hazards import HAZARD_KINDS, HazardKind
from clairvoie.boundary.wire import MinuteParts, RecordContent, SecondEvents, decode_record
from clairvoie.egress.memory import Memory, memory_path
from clairvoie.egress.outbox import Outbox
from clairvoie.egress.state import GateState, decode_state
from clairvoie.egress.uplink import RecordSender, hub_client
from clairvoie.oversight.checkpoint import ED25519, NoteKey, origin_of
from clairvoie.oversight.mirror import Folder
from clairvoie.oversight.tree import Trust
from clairvoie.oversight.verify import verify_log

KILLS = 50
SUSPENDED_AT, GIVEN_AGAIN_AT, OUTAGE_AT = 8, 16, 20
"""After so many kills at least breaking glass is suspended, leave is given again, and the line is cut; the killing goes
on all the time, then at the node alone."""
QUIET_SHARE = 0.4
"""Of the kills come only after the hub has stored something again; the others at any moment, starts included."""
PATIENCE = 900.0
SEED = 20_261_122
FEWEST_DETECTIONS = 30
"""So many at least, or there was nothing to lose; on an idle machine there are some three hundred a sensor."""


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path)
    town.start_hub()
    town.wait_for_hub()
    town.start_node()
    yield town
    town.close()


def strike(town: Town, victim: str) -> bool:
    """Kill ``victim`` and start again what nobody else would; false when it could not be killed just now."""
    if victim in ("hub", "everything") and not town.line_is_cut:
        town.kill_hub()
    elif victim == "hub":
        return False
    if victim in ("launcher", "everything"):
        town.kill_node()
        town.start_node()
    elif victim != "hub":
        return town.kill_child(victim)
    if victim in ("hub", "everything") and not town.line_is_cut:
        town.start_hub()
    return True


VICTIMS = (
    *("hub", "hub", "clairvoie.node.gatekeeper", "clairvoie.node.gatekeeper", "clairvoie.node.gatekeeper"),
    *("clairvoie.node.courier", "clairvoie.node.courier", "analyser", "launcher", "everything"),
)


def kill_at_random(town: Town, chance: random.Random) -> dict[str, int]:
    """Fifty kills or more at random moments, while what is to happen happens in between; who died how often."""
    died = dict.fromkeys(VICTIMS, 0)

    def after(kills: int, kind: HazardKind, since: int, times: int = 1) -> bool:
        return sum(died.values()) >= kills and town.has_stored(kind, since, times)

    def heard() -> bool:
        return after(GIVEN_AGAIN_AT, HazardKind.IMPULSE, town.suspended) and town.has_said(HEARD)

    def enough() -> bool:
        return after(KILLS, SUSPENDED, town.mended_at) and town.has_stored(HazardKind.IMPULSE, START, FEWEST_DETECTIONS)

    course: list[tuple[Callable[[], bool], Callable[[], None]]] = [
        (lambda: after(SUSPENDED_AT, SUSPENDED, START, times=2), town.suspend),
        (heard, town.give_leave_again),
        (lambda: after(OUTAGE_AT, SUSPENDED, town.given_again), town.cut_the_line),
        (lambda: time.monotonic() > town.mended, town.mend_the_line),
        (enough, lambda: None),
    ]
    until = time.monotonic() + PATIENCE
    while course:
        assert time.monotonic() < until, f"{died}, and {len(course)} things have not happened"
        if chance.random() < QUIET_SHARE and not town.line_is_cut:
            town.wait_for_record()
        time.sleep(chance.uniform(0.05, 1.8))
        if course and course[0][0]():
            course.pop(0)[1]()
        victim = chance.choice(VICTIMS)
        if strike(town, victim):
            died[victim] += 1
    return died


HEARD = "suspended: what was captured since is erased"
"""What the gate says when it has heard of the suspension."""


def deliver_the_rest(town: Town) -> tuple[dict[str, GateState], int]:
    """Stop the node, send what its outbox still holds; what its gate remembers, and how much the node erased."""

    async def send(outbox: Outbox) -> None:
        async with hub_client(town.url) as client:
            sender = RecordSender(outbox, client, structlog.get_logger())
            while await sender.send_once() is not None:
                continue

    assert town.node is not None
    town.node.terminate()
    town.node.wait(30)
    town.node = None
    outbox = Outbox(town.folder / "node-1" / "outbox.sqlite")
    asyncio.run(send(outbox))
    assert outbox.refusals() == []
    status = outbox.status()
    assert (status.waiting, status.trimmed_events) == (0, 0)
    outbox.close()
    memory = Memory(memory_path(town.folder / "node-1"))
    kept = memory.status()
    assert kept.waiting == 0
    states = {sensor: decode_state(body) for sensor, body in memory.states().items()}
    memory.close()
    return states, status.erased + kept.erased


class Stored(NamedTuple):
    """What the hub has of one sensor: contents of records by sequence, identifiers of detections, and the sequences of
    records that it has had and has erased."""

    records: dict[int, RecordContent]
    detections: list[int]
    erased: set[int]

    @classmethod
    def of(cls, folder: Path, sensor: str) -> Stored:
        of_sensor = "JOIN sensors ON sensors.id = found.sensor WHERE name = ? ORDER BY 1"
        rows = in_store(folder, f"SELECT found.sequence, body FROM records AS found {of_sensor}", sensor)
        identifiers = in_store(folder, f"SELECT identifier FROM detections AS found {of_sensor}", sensor)
        told = in_store(folder, "SELECT sequence FROM ledger_records WHERE sensor = ?", sensor)
        assert len(rows) == len({sequence for sequence, _ in rows})
        assert len(told) == len(set(told)), "each record is in the ledger once"
        records = {sequence: decode_record(body).content for sequence, body in rows}
        return cls(records, [row[0] for row in identifiers], {row[0] for row in told} - records.keys())

    def begun(self, start: float = 0, end: float = float("inf")) -> list[int]:
        """Identifiers of what began in these seconds, in the order of their records."""
        return [
            event.identifier
            for second, event in self.events()
            if isinstance(event, BeginEvent | ImpulseEvent) and start <= second < end
        ]

    def events(self) -> list[tuple[int, Event]]:
        seconds = [content for content in self.records.values() if isinstance(content, SecondEvents)]
        return [(content.second, event) for content in seconds for event in content.events]

    def bulletins(self) -> list[Bulletin]:
        found: list[Bulletin] = []
        for content in self.records.values():
            if isinstance(content, SecondEvents):
                found.append(Bulletin(sensor=content.sensor, second=content.second, events=content.events))
            elif isinstance(content, MinuteParts):
                found += content.bulletins
        return found


def second_of(content: RecordContent) -> int:
    """The last second that a record tells of."""
    return content.minute + 59 if isinstance(content, MinuteParts) else content.second


def check_what_is_missing(stored: Stored, state: GateState, town: Town) -> set[int]:
    """Sequences that the hub does not have: records of the time of the suspension, and no others."""
    missing = set(range(1, state.sequence + 1)) - stored.records.keys()
    assert stored.erased <= missing
    for sequence in missing:
        before = [second_of(content) for number, content in stored.records.items() if number < sequence]
        behind = [second_of(content) for number, content in stored.records.items() if number > sequence]
        assert max(before) < town.given_again, sequence
        assert min(behind) >= town.suspended, sequence
    return missing


def check_detections(stored: Stored, state: GateState, town: Town) -> None:
    """Exactly once, whatever was not suspended; and of what was, nothing."""
    begun = stored.begun()
    assert stored.detections == begun
    assert begun == sorted(set(begun))
    before, again = stored.begun(end=town.suspended), stored.begun(start=town.given_again)
    assert before == list(range(1, len(before) + 1))
    assert again == list(range(state.identifier - len(again) + 1, state.identifier + 1))
    ended = [event.identifier for _, event in stored.events() if isinstance(event, EndEvent)]
    assert len(ended) == len(set(ended))
    glass = [s for s, e in stored.events() if isinstance(e, BeginEvent) and HAZARD_KINDS[e.kind] is SUSPENDED]
    assert [second for second in glass if town.suspended <= second < town.given_again] == []
    assert min(glass) < town.suspended
    assert max(glass) >= town.given_again
    assert stored.begun(town.suspended, town.given_again), "what is not suspended goes on"


@pytest.mark.slow
def test_every_detection_that_the_gate_released_is_stored_exactly_once(town: Town, tmp_path: Path) -> None:
    died = kill_at_random(town, random.Random(SEED))
    town.wait_for_hub()
    states, erased = deliver_the_rest(town)
    town.stop_hub()
    assert sum(died.values()) >= KILLS, died
    assert min(died.values()) >= 1, died
    assert town.has_said("why='lapsed'")
    lost = taken_back = 0
    for sensor in SENSORS:
        state, stored = states[sensor], Stored.of(tmp_path, sensor)
        assert state.second is not None
        assert state.second > START + 3600
        assert state.identifier >= FEWEST_DETECTIONS
        missing = check_what_is_missing(stored, state, town)
        lost += len(missing - stored.erased)
        taken_back += len(stored.erased)
        check_detections(stored, state, town)
        seconds = sorted(second_of(content) for content in stored.records.values())
        silence = max(after - before for before, after in pairwise(seconds))
        assert silence >= (OUTAGE_SECONDS - LEASE_SECONDS) / 2 * SPEED, "without a lease nothing is said"
        costs = [(b.second, charge(b).total) for b in stored.bulletins()]
        assert worst_excess(sorted(costs), BURST_BITS, BITS_PER_SECOND) <= 0
    assert lost <= erased, "nothing is lost that nobody erased"
    assert taken_back >= 1, "what was stored before the suspension was heard of is erased"
    check_ledger(tmp_path)


def check_ledger(folder: Path) -> None:
    """The published log is whole after all that, and never had to begin anew."""
    (log,) = (path.parent for path in (folder / "ledger").glob("*/checkpoint"))
    public = LEAVE.ledger.public_key().public_bytes_raw()
    trust = Trust(log=NoteKey(name=origin_of("town", int(log.name)), kind=ED25519, public=public))
    report = verify_log(Folder(log), trust)
    assert report.faults == ()
    assert report.records > 0
