"""What the fake desk knows of authority, ledger, lives and locks: three signed acts, and one that does not count."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import msgspec
from quarter import SENSORS, at

from clairvoie.boundary.authorisation import Authorisation, Denial, Field, Hours, LegalText, Recipient, RecipientKind
from clairvoie.boundary.charter import charter_digest, encode_charter
from clairvoie.boundary.confinement import ALL, Confinement, Lock
from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.life import SensorState
from clairvoie.boundary.overseen import (
    DAY,
    AccessLine,
    Acts,
    ActState,
    ActView,
    ConfinementView,
    DiscardCount,
    Epoch,
    LedgerStatus,
    Life,
    LifeLine,
    SignedBy,
    state_of,
)
from clairvoie.boundary.standing import Rejected, Standing, standing_of
from clairvoie.lab.leave import Leave, exercise_authorisation, make_leave

CORNERS = ((-250, -165), (255, -165), (262, 140), (-240, 145))
"""Metres east and north of the quarter's middle."""
MODEL = hashlib.sha256(b"recogniser").hexdigest()
SOFTWARE = hashlib.sha256(b"wheel").hexdigest()
ACTIVE = Confinement(locks=ALL)
PARTLY = Confinement(locks=ALL & ~Lock.NO_SWAP & ~Lock.LANDLOCK_SCOPE)


@cache
def leave_of(deployment: str, exercise: bool) -> Leave:
    """A charter and all its keys, made once a run."""
    return make_leave(deployment, exercise=exercise)


def authorisations(deployment: str, exercise: bool, now: float) -> tuple[Authorisation, ...]:
    """An old act, the one in force, which ends in three weeks, and one that has not begun."""
    polygon = tuple((point[1], point[0]) for point in (at(east, north) for east, north in CORNERS))
    day = int(now) // DAY * DAY
    first = exercise_authorisation(
        deployment, [sensor.id for sensor in SENSORS], exercise=exercise, polygon=polygon, starts=day - 400 * DAY,
        ends=day - 35 * DAY,
    )  # fmt: skip
    second = msgspec.structs.replace(
        first, number=2, authority="Le maire de Claire-Voie", starts=day - 34 * DAY, ends=day + 21 * DAY,
        purpose="Mesurer le bruit et signaler les dangers sonores dans le quartier du Canal",
        legal_texts=(LegalText(title="Arrêté municipal no 2026-118", date="2026-10-12", until="2026-12-13",
                               reference="Recueil des actes administratifs, octobre 2026"),),
        impact_assessment="Analyse d’impact du 2 octobre 2026, avis de la déléguée à la protection des données",
        hazards=(HazardKind.GLASS_BREAKING, HazardKind.FIREWORK, HazardKind.IMPULSE, HazardKind.ALARM_SOUNDING),
        hours=(Hours(), ), models=(MODEL,),
        recipients=(
            Recipient(name="duty-desk", kind=RecipientKind.PERSON, purpose="Vérifier les incidents",
                      fields=tuple(Field)),
            Recipient(name="noise-map", kind=RecipientKind.MACHINE, purpose="Tenir la carte du bruit",
                      fields=(Field.LEVELS, Field.SOURCES)),
        ),
    )  # fmt: skip
    later = (msgspec.structs.replace(second.legal_texts[0], date="2026-11-16", until=""),)
    third = msgspec.structs.replace(
        second, number=3, hazards=(), legal_texts=later, starts=day + 21 * DAY, ends=day + 386 * DAY
    )
    return first, second, third


@cache
def judged(
    deployment: str, exercise: bool, day: int, suspended: tuple[str, ...] | None
) -> tuple[Standing, tuple[Rejected, ...]]:
    """Every document of the hub's folder, judged by the real rule; the suspension holds since that day began."""
    leave = leave_of(deployment, exercise)
    drafts = authorisations(deployment, exercise, day * DAY)
    signed = [leave.signed(one) for one in drafts]
    alone = leave.signed(msgspec.structs.replace(drafts[1], number=4, lease_seconds=86_400), by=("dpo",))
    found = [*signed, alone]
    if suspended is not None:
        found.append(leave.suspended(signed[1], day * DAY, sensors=suspended))
    return standing_of(leave.charter, found)


@dataclass
class FakeDoor:
    """See the module. Tests change its fields and look again."""

    deployment: str
    exercise: bool
    now: float
    suspended: tuple[str, ...] | None = ("mic-remparts",)
    """Sensors by which the act in force is suspended; empty: by all; ``None``: not."""
    chartered: bool = True
    ledger: bool = True
    cosigned: tuple[str, ...] = ("witness.example.org/1",)
    witnesses: tuple[str, ...] = ("witness.example.org/1",)
    loose: dict[str, Confinement] = field(default_factory=lambda: {"mic-lavoir": PARTLY})
    unsaid: set[str] = field(default_factory=lambda: {"mic-remparts"})
    """Sensors of which the node has not yet said how they are confined."""
    entries: list[Entry] = field(default_factory=list)

    def acts(self) -> Acts:
        """The documents, judged by the real rule."""
        if not self.chartered:
            return Acts()
        charter = leave_of(self.deployment, self.exercise).charter
        standing, rejected = judged(self.deployment, self.exercise, int(self.now) // DAY, self.suspended)
        holders = {role.id: role.holder for role in charter.roles}
        views = tuple(
            ActView(
                act=act,
                state=state_of(standing, act, self.now),
                signers=tuple(SignedBy(role=role, holder=holders[role]) for role in act.signed_by),
            )
            for act in reversed(standing.acts)
        )
        return Acts(
            charter=charter_digest(encode_charter(charter)),
            threshold=charter.threshold,
            roles=len(charter.roles),
            acts=views,
            rejected=rejected,
        )

    def discarded(self) -> tuple[DiscardCount, ...]:
        """Three positions outside the polygon."""
        return (DiscardCount(why=Denial.PLACE, count=3, last=self.now - 5_000),) if self.chartered else ()

    def ledger_status(self) -> LedgerStatus | None:
        """A checkpoint of four minutes ago."""
        if not self.ledger:
            return None
        counts = ((EntryKind.DETECTION, 412), (EntryKind.LOOK, 96), (EntryKind.TRANSITION, 31), (EntryKind.SIGN_IN, 24),
                  (EntryKind.LIFE, 18), (EntryKind.SANDBOX, 6), (EntryKind.AUTHORISATION, 3), (EntryKind.SUSPENSION, 1),
                  (EntryKind.EPOCH, 1))  # fmt: skip
        key = base64.b64encode(b"\x01" + hashlib.sha256(b"ledger").digest()).decode()
        return LedgerStatus(
            origin=f"clairvoie.example.org/{self.deployment}",
            key=f"clairvoie.example.org/{self.deployment}+1c2d3e4f+{key}",
            size=48_913, root=base64.b64encode(hashlib.sha256(b"root").digest()).decode(), at=self.now - 42,
            cosigned=self.cosigned, witnesses=self.witnesses, witnesses_needed=1,
            epochs=(Epoch(number=0, at=self.now - 34 * DAY, size=0),), counts=counts,
            oldest_unsigned_minute=int(self.now) // 60 * 60 - 60,
        )  # fmt: skip

    def life(self, sensor: str) -> Life:
        """Planned, installed, commissioned and active; the Remparts microphone is in maintenance."""
        known = next((s for s in SENSORS if s.id == sensor), None)
        if known is None:
            return Life()
        steps = [SensorState.PLANNED, SensorState.INSTALLED, SensorState.COMMISSIONED, SensorState.ACTIVE]
        if sensor == "mic-remparts":
            steps.append(SensorState.MAINTENANCE)
        lines = [
            LifeLine(at=self.now - (40 - 2 * day) * DAY, state=state, by="technician",
                     digest=hashlib.sha256(f"{sensor}{state}".encode()).hexdigest())
            for day, state in enumerate(steps)
        ]  # fmt: skip
        lines[1] = msgspec.structs.replace(
            lines[1], place=known.place.words, hardware="Micro MEMS, boîtier IP65, no 4417",
            photograph=hashlib.sha256(sensor.encode()).hexdigest(),
        )  # fmt: skip
        lines[2] = msgspec.structs.replace(lines[2], calibration=120.0, calibrated="2026-10-16", drift=-0.3)
        if sensor == "mic-remparts":
            lines[-1] = msgspec.structs.replace(lines[-1], words="Plus de son, câble à vérifier")
        return Life(state=steps[-1], lines=tuple(reversed(lines)))

    def confinement(self, sensor: str) -> ConfinementView | None:
        """All locks, but for those of :attr:`loose`."""
        if sensor in self.unsaid or all(s.id != sensor for s in SENSORS):
            return None
        counting = self.acts().counting
        return ConfinementView(
            second=int(self.now) - 3 * 3600, confinement=self.loose.get(sensor, ACTIVE), simulated=True, model=MODEL,
            software=SOFTWARE, authorisation="" if counting is None else counting.act.digest,
        )  # fmt: skip

    def access(
        self, *, kinds: tuple[EntryKind, ...] = (), about: str = "", who: str = "", limit: int = 200
    ) -> tuple[AccessLine, ...]:
        """What was recorded."""
        found = [
            AccessLine(index=index, entry=entry)
            for index, entry in enumerate(self.entries)
            if (not kinds or entry.kind in kinds) and about in ("", entry.about) and who in ("", entry.who)
        ]
        return tuple(reversed(found))[:limit]

    def record(self, entry: Entry) -> int | None:
        """Keep it."""
        if not self.ledger:
            return None
        self.entries.append(entry)
        return len(self.entries) - 1

    def at(self, now: float) -> FakeDoor:
        """The same, at another moment, sharing what was recorded."""
        return replace(self, now=now)


class DoorOfDesk:
    """The part of the fake desk that asks its door."""

    door: FakeDoor
    clock: float

    def acts(self) -> Acts:
        return self.door.at(self.clock).acts()

    def discarded(self) -> tuple[DiscardCount, ...]:
        return self.door.at(self.clock).discarded()

    def ledger_status(self) -> LedgerStatus | None:
        return self.door.at(self.clock).ledger_status()

    def life(self, sensor: str) -> Life:
        return self.door.at(self.clock).life(sensor)

    def confinement(self, sensor: str) -> ConfinementView | None:
        return self.door.at(self.clock).confinement(sensor)

    def access(
        self, *, kinds: tuple[EntryKind, ...] = (), about: str = "", who: str = "", limit: int = 200
    ) -> tuple[AccessLine, ...]:
        return self.door.access(kinds=kinds, about=about, who=who, limit=limit)

    def record(self, entry: Entry) -> int | None:
        return self.door.record(entry)

    def in_strip(self) -> dict[str, Any]:
        """The strip's facts of authority and ledger."""
        counting, ledger = self.acts().counting, self.ledger_status()
        found: dict[str, Any] = {}
        if counting is not None:
            found |= {
                "authorisation": counting.act.digest,
                "authorised_until": counting.act.authorisation.ends,
                "suspended": counting.state is ActState.SUSPENDED,
            }
        if ledger is not None:
            found |= {
                "checkpoint_at": ledger.at,
                "checkpoint_size": ledger.size,
                "witnesses": len(ledger.cosigned),
                "witnesses_needed": ledger.witnesses_needed,
                "oldest_unsigned_minute": ledger.oldest_unsigned_minute,
            }
        return found
