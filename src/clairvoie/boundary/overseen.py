"""What pages and programs are shown of authority, ledger, lives and locks: values alone, which the hub makes.

:func:`state_of` and :func:`leave_of` are the two pure rules: where an act stands at a moment, and what one sensor may
report under it. Both ask :func:`~clairvoie.boundary.authorisation.permits` and decide nothing of their own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from clairvoie.boundary.authorisation import Denial, ObservationKind, Reporting
from clairvoie.boundary.confinement import Confinement
from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.life import SensorState
from clairvoie.boundary.standing import Act, Rejected, Standing

DAY = 86_400
ENDING_SECONDS = 30 * DAY
"""An act that ends within this time is shown as ending."""


class ActState(StrEnum):
    """Where an act stands at a moment."""

    IN_FORCE = "in-force"
    SUSPENDED = "suspended"
    NOT_YET = "not-yet"
    REPLACED = "replaced"
    EXPIRED = "expired"


def state_of(standing: Standing, act: Act, when: float) -> ActState:
    """Where ``act`` stands at ``when``. An act is replaced as soon as one with a greater number has started."""
    if when < act.authorisation.starts:
        return ActState.NOT_YET
    if when >= act.authorisation.ends:
        return ActState.EXPIRED
    counting = standing.in_force(when)
    if counting is None or counting.digest != act.digest:
        return ActState.REPLACED
    whole = any(when >= s.since and s.whole for s in act.suspensions)
    return ActState.SUSPENDED if whole else ActState.IN_FORCE


class SignedBy(Struct, frozen=True, kw_only=True):
    """One of the charter's roles that signed: its name there, and who holds it, in words."""

    role: str
    holder: str


class ActView(Struct, frozen=True, kw_only=True):
    """One valid act as it stands now."""

    act: Act
    state: ActState
    signers: tuple[SignedBy, ...]

    def ending(self, when: float) -> bool:
        """Whether it is in force and ends within :data:`ENDING_SECONDS`."""
        return self.state is ActState.IN_FORCE and self.act.authorisation.ends - when <= ENDING_SECONDS


class Acts(Struct, frozen=True, kw_only=True):
    """All acts of the deployment, the newest number first, and the documents that do not count, with why.

    ``charter`` is its digest, empty when the hub has none and therefore takes nothing. ``threshold`` of ``roles`` named
    people must sign an authorisation.
    """

    charter: str = ""
    threshold: int = 0
    roles: int = 0
    acts: tuple[ActView, ...] = ()
    rejected: tuple[Rejected, ...] = ()

    @property
    def counting(self) -> ActView | None:
        """The act that counts now, suspended or not; ``None`` when there is none."""
        return next((a for a in self.acts if a.state in (ActState.IN_FORCE, ActState.SUSPENDED)), None)


class SensorLeave(Struct, frozen=True, kw_only=True):
    """What one sensor may report now, by which act (digest), until when. ``denial`` says why it may report nothing."""

    act: str
    until: int | None
    hazards: tuple[HazardKind, ...] = ()
    observations: tuple[ObservationKind, ...] = ()
    denial: Denial | None = None


def leave_of(view: ActView | None, sensor: str, when: float) -> SensorLeave:
    """What ``sensor`` may report at ``when`` under the act that counts."""
    if view is None:
        return SensorLeave(act="", until=None, denial=Denial.NO_AUTHORISATION)
    act = view.act
    digest, until = act.digest, act.authorisation.ends
    mode = Mode.EXERCISE if act.authorisation.exercise else Mode.LIVE

    def why(kind: HazardKind | ObservationKind) -> Denial | None:
        return act.denial(Reporting(sensor, kind, mode), when)

    hazards = tuple(kind for kind in act.authorisation.hazards if why(kind) is None)
    observations = tuple(kind for kind in act.authorisation.observations if why(kind) is None)
    kinds: tuple[HazardKind | ObservationKind, ...] = (*act.authorisation.hazards, *act.authorisation.observations)
    denial = None if hazards or observations else (why(kinds[0]) if kinds else Denial.KIND)
    return SensorLeave(act=digest, until=until, hazards=hazards, observations=observations, denial=denial)


class DiscardCount(Struct, frozen=True, kw_only=True):
    """How often the hub discarded what came from a sensor because no act permitted it, by reason, and when last."""

    why: Denial
    count: int
    last: float


class Epoch(Struct, frozen=True, kw_only=True):
    """One epoch of the ledger: it began at ``at``; ``size`` is how many entries the epoch before had then."""

    number: int
    at: float
    size: int
    reason: str = ""


class LedgerStatus(Struct, frozen=True, kw_only=True):
    """The ledger's last checkpoint and what stands under it.

    ``root`` is base64 as in the signed note, ``key`` the checkpoint's verifier key as ``ledger verify`` takes it.
    ``cosigned`` names the witnesses whose cosignature the checkpoint carries. ``oldest_unsigned_minute`` is the first
    second of the oldest minute with entries that no checkpoint covers yet; ``counts`` are entries by kind, those not
    yet covered included.
    """

    origin: str
    key: str
    size: int
    root: str
    at: float | None
    cosigned: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()
    witnesses_needed: int = 0
    epochs: tuple[Epoch, ...] = ()
    counts: tuple[tuple[EntryKind, int], ...] = ()
    oldest_unsigned_minute: int | None = None

    @property
    def epoch(self) -> int:
        """The number of the present epoch."""
        return self.epochs[-1].number if self.epochs else 0

    @property
    def split_view_excluded(self) -> bool:
        """Whether enough witnesses cosigned that two different histories cannot both have been shown.

        More than half of those known: two smaller sets of them could each have cosigned another log.
        """
        return 0 < self.witnesses_needed <= len(self.cosigned) and 2 * self.witnesses_needed > len(self.witnesses)


class LedgerReader(Protocol):
    """What the hub's desk asks of a ledger, and the entries that the desk itself makes."""

    def status(self) -> LedgerStatus | None:
        """The last checkpoint and what stands under it."""
        ...

    def lines(
        self, *, kinds: tuple[EntryKind, ...] = (), about: str = "", who: str = "", limit: int = 200
    ) -> tuple[AccessLine, ...]:
        """Entries whose bodies are still kept, newest first."""
        ...

    def record(self, entry: Entry) -> int:
        """Write an entry in a transaction of its own; its number."""
        ...


class LifeLine(Struct, frozen=True, kw_only=True):
    """One act of a sensor's life: ``by`` is the technician who signed it. Empty texts were not given. ``drift`` is how
    far in dB the calibration lies from the last one of the same hardware, ``None`` where there is none."""

    at: float
    state: SensorState
    by: str
    place: str = ""
    hardware: str = ""
    calibration: float | None = None
    calibrated: str = ""
    drift: float | None = None
    photograph: str = ""
    words: str = ""
    digest: str = ""


class Life(Struct, frozen=True, kw_only=True):
    """A sensor's life, newest act first. Without acts its state is not known."""

    state: SensorState | None = None
    lines: tuple[LifeLine, ...] = ()


class ConfinementView(Struct, frozen=True, kw_only=True):
    """What the node said of the process behind a sensor when its gate last started. Digests are hexadecimal."""

    second: int
    confinement: Confinement
    simulated: bool
    model: str = ""
    software: str = ""
    authorisation: str = ""


class AccessLine(Struct, frozen=True, kw_only=True):
    """One entry of the ledger, with its index in the log of its epoch, as ``ledger verify --entry`` takes it."""

    index: int
    entry: Entry
    epoch: int = 0
