"""What the pages and the API read, and the few things a person may do: the seam between the hub and the views.

The views know the hub only through :class:`Desk`. The hub implements it over its store; the tests of the views
implement it in memory. Every time is POSIX seconds in UTC; turning it into the site's local time is the views' work.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any, Protocol

from msgspec import Struct

from clairvoie.boundary.bulletin import Bulletin
from clairvoie.boundary.confinement import Confinement
from clairvoie.boundary.entry import Entry, EntryKind
from clairvoie.boundary.hazards import NOT_HEARING, HazardKind, Health, Mode, NoiseSource
from clairvoie.boundary.incident import Basis, DetectionView, Incident, IncidentState, Miss, Outcome
from clairvoie.boundary.life import SensorState
from clairvoie.boundary.overseen import AccessLine, Acts, ConfinementView, DiscardCount, LedgerStatus, Life
from clairvoie.boundary.sensor import Sensor
from clairvoie.boundary.trial import TrialDetection, TrialView
from clairvoie.boundary.units import EVENTS_OF_HOUR


class Deployment(Struct, frozen=True, kw_only=True):
    """The deployment that this hub serves. ``map`` is GeoJSON: streets and buildings, no tiles from elsewhere."""

    id: str
    place: str
    time_zone: str
    exercise: bool
    language: str
    map: dict[str, Any]
    silent_after: float = 15.0


class SensorStatus(Struct, frozen=True, kw_only=True):
    """A sensor now. ``silent``: nothing live for longer than ``Deployment.silent_after`` seconds.

    ``state`` is where it stands in its life, ``confinement`` which locks its node says hold on its process; ``None``
    where nobody has said so yet.
    """

    sensor: Sensor
    silent: bool
    last_heard: float | None
    health: Health | None
    laeq: float | None
    laeq_end: int | None
    clock_sigma: float | None
    millibits_last_minute: int
    records_stored: int
    kinds: tuple[tuple[HazardKind, Mode], ...]
    state: SensorState | None = None
    confinement: Confinement | None = None

    @property
    def hearing(self) -> bool:
        """Whether it speaks and, as far as its last minute tells, has sound."""
        return not self.silent and self.health not in NOT_HEARING


class SecondSaid(Struct, frozen=True, kw_only=True):
    """What a sensor said in one second: ``None`` when nothing was received, else a bulletin, usually an empty one."""

    second: int
    bulletin: Bulletin | None
    millibits: int


class MinuteSaid(Struct, frozen=True, kw_only=True):
    """How much a sensor said in one minute, in thousandths of a bit; ``None`` when no record of it was stored."""

    minute: int
    millibits: int | None


class MinuteRow(Struct, frozen=True, kw_only=True):
    """One stored sensor-minute, decoded to dB. ``tens`` are the six LAeq,10s, ``laeq`` their energy mean."""

    sensor: str
    minute: int
    laeq: float | None
    tens: tuple[float | None, ...]
    lceq: float | None
    lafmax: float | None
    lcpeak: float | None
    l10: float | None
    l50: float | None
    l90: float | None
    octaves: tuple[float | None, ...]
    sources: tuple[tuple[NoiseSource, float], ...]
    valid_seconds: int | None
    overloads: int | None
    windy: bool | None
    health: Health | None
    drops: int | None
    refusals: int | None


class HourRow(Struct, frozen=True, kw_only=True):
    """One stored sensor-hour of UTC, by its first second; ``None`` where nothing is known.

    ``harmonica`` is the index from 0 to 10, ``intermittency`` a ratio in percent, ``events`` the number of noise events
    (its greatest, 62, is "62 or more"), ``coverage`` the share of the hour that was valid, in eighths.
    """

    sensor: str
    hour: int
    harmonica: float | None
    intermittency: float | None
    events: int | None
    coverage: float | None

    @property
    def many(self) -> bool:
        """Whether there were as many events as can be said, or more."""
        return self.events == EVENTS_OF_HOUR.highest


class PeriodLevels(Struct, frozen=True, kw_only=True):
    """LAeq over a range and its French parts (day 6–18 h, evening 18–22 h, night 22–6 h, local time), Lden, coverage
    0–1.

    A part without any valid minute is ``None``. Lden is ``None`` unless all three parts have a level.
    """

    laeq: float | None
    day: float | None
    evening: float | None
    night: float | None
    lden: float | None
    coverage: float


class Strip(Struct, frozen=True, kw_only=True):
    """The top strip of every page. ``millibits_per_second`` is the mean of the last minute over all sensors;

    ``cameras_total`` says how many of the ``sensors_total`` are cameras. ``authorisation`` is the digest of the act
    that counts now, empty when there is none, and ``authorised_until`` its end; ``suspended`` when it is, as a whole.
    The checkpoint is the ledger's last; ``witnesses`` cosigned it of ``witnesses_needed``.
    """

    now: float
    sensors_live: int
    sensors_total: int
    millibits_per_second: float
    last_record: float | None
    oldest_missing_minute: int | None
    incidents_open: int
    refusals_last_hour: int
    cameras_total: int = 0
    authorisation: str = ""
    authorised_until: int | None = None
    suspended: bool = False
    checkpoint_at: float | None = None
    checkpoint_size: int = 0
    witnesses: int = 0
    witnesses_needed: int = 0
    oldest_unsigned_minute: int | None = None


class ShiftNote(Struct, frozen=True, kw_only=True):
    """A note that one shift leaves to the next."""

    id: int
    at: float
    who: str
    text: str


class RefusalCount(Struct, frozen=True, kw_only=True):
    """How often uploads were refused, by closed code, and when last."""

    code: str
    count: int
    last: float


class Change(StrEnum):
    """What has changed, told to open pages so that they ask again; it carries no content."""

    TICK = "tick"
    LEVELS = "levels"
    INCIDENTS = "incidents"
    NOTES = "notes"
    ACTS = "acts"


class Desk(Protocol):
    """Everything the views may ask of the hub, and the few things a person may do through them.

    All methods but :meth:`changes` are synchronous, thread-safe and quick. Unknown identifiers give ``None`` or, for
    acts, :class:`~clairvoie.errors.HubError`; an act that comes second raises
    :class:`~clairvoie.errors.IncidentConflict`.
    """

    def now(self) -> float:
        """The hub's clock."""
        ...

    def deployment(self) -> Deployment:
        """The deployment this hub serves."""
        ...

    def strip(self) -> Strip:
        """The facts of the top strip."""
        ...

    def sensors(self) -> tuple[SensorStatus, ...]:
        """All sensors, by identifier."""
        ...

    def sensor(self, sensor: str) -> SensorStatus | None:
        """One sensor."""
        ...

    def said(self, sensor: str) -> tuple[SecondSaid, ...]:
        """The last sixty whole seconds of this sensor, oldest first, always sixty entries."""
        ...

    def said_by_minute(self, sensor: str, start: float, end: float) -> tuple[MinuteSaid, ...]:
        """The minutes from ``start`` to ``end``, oldest first, none left out."""
        ...

    def incidents(
        self, state: IncidentState | None = None, *, since: float | None = None, limit: int = 200
    ) -> tuple[Incident, ...]:
        """Incidents outside ``trial``. Open and taken: oldest first. Closed or all: newest first."""
        ...

    def incident(self, identifier: int) -> Incident | None:
        """One incident."""
        ...

    def detections(
        self, *, start: float, end: float, sensor: str | None = None, limit: int = 1000
    ) -> tuple[DetectionView, ...]:
        """Stored detections with their onset in the range, newest first, trial included."""
        ...

    def levels(self, sensor: str, start: float, end: float) -> tuple[MinuteRow, ...]:
        """Stored sensor-minutes in the range, oldest first; missing minutes are missing."""
        ...

    def hours(self, sensor: str, start: float, end: float) -> tuple[HourRow, ...]:
        """Stored sensor-hours whose last minute begins in the range, oldest first; hours of which nothing is known are
        missing."""
        ...

    def period_levels(self, sensor: str, start: float, end: float) -> PeriodLevels:
        """Energy means over the range, by part of the day in the site's time zone."""
        ...

    def misses(self, *, limit: int = 200) -> tuple[Miss, ...]:
        """Misses reported by people, newest first."""
        ...

    def shift_notes(self, *, since: float) -> tuple[ShiftNote, ...]:
        """Notes for the next shift, newest first."""
        ...

    def refusals(self) -> tuple[RefusalCount, ...]:
        """Uploads refused, by code."""
        ...

    def acts(self) -> Acts:
        """Authorisations and suspensions as they stand now, and documents that do not count."""
        ...

    def discarded(self) -> tuple[DiscardCount, ...]:
        """What came from sensors and was discarded for want of leave, by reason."""
        ...

    def ledger_status(self) -> LedgerStatus | None:
        """The ledger's last checkpoint and what stands under it; ``None`` when this hub keeps no ledger."""
        ...

    def life(self, sensor: str) -> Life:
        """The signed acts of a sensor's life."""
        ...

    def confinement(self, sensor: str) -> ConfinementView | None:
        """What its node last said of the process behind a sensor; ``None`` before it said anything."""
        ...

    def access(
        self, *, kinds: tuple[EntryKind, ...] = (), about: str = "", who: str = "", limit: int = 200
    ) -> tuple[AccessLine, ...]:
        """Entries of the ledger whose bodies are still kept, newest first: of these kinds (none: of all), about this
        thing, by this person."""
        ...

    def record(self, entry: Entry) -> int | None:
        """Write an entry of its own into the ledger; its index, or ``None`` when this hub keeps no ledger."""
        ...

    def take(self, identifier: int, who: str) -> Incident:
        """``who`` takes an open incident; the second to try is told who was first."""
        ...

    def close(self, identifier: int, who: str, outcome: Outcome, basis: Basis, note: str = "") -> Incident:
        """Close a taken or open incident with what was found and on what that rests."""
        ...

    def note(self, identifier: int, who: str, text: str) -> Incident:
        """Add a note to an incident, closed ones included."""
        ...

    def report_miss(
        self, *, kind: HazardKind, happened: float, place_words: str, basis: Basis, note: str, who: str
    ) -> Miss:
        """Record something of which no sensor told."""
        ...

    def write_shift_note(self, who: str, text: str) -> ShiftNote:
        """Leave a note to the next shift."""
        ...

    def trials(self, sensor: str | None = None) -> tuple[TrialView, ...]:
        """Every kind that is permitted now at every sensor, or at one, and where its trial stands; none in an
        exercise."""
        ...

    def on_trial(self, *, sensor: str | None = None, limit: int = 200) -> tuple[TrialDetection, ...]:
        """Detections of the trials that count: those that nobody has judged first, then the newest."""
        ...

    def trial_detection(self, number: int) -> TrialDetection | None:
        """One detection on trial."""
        ...

    def judge(self, number: int, who: str, outcome: Outcome, basis: Basis) -> TrialDetection:
        """Say whether a detection on trial was right, and on what that rests; the first to say so wins."""
        ...

    def let_in(self, sensor: str, kind: HazardKind, who: str) -> None:
        """A supervisor (the account ``who``) signs that a kind may enter the queue; it waits for a second person.

        :class:`~clairvoie.errors.HubError` before its hours were watched.
        """
        ...

    def take_out(self, sensor: str, kind: HazardKind, who: str) -> None:
        """Take a kind out of the queue, at once: its trial begins anew."""
        ...

    def changes(self) -> AsyncIterator[Change]:
        """Changes as they happen, bursts merged; ends when the hub stops.

        A slow reader loses repeats, never the last.
        """
        ...
