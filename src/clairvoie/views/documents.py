"""What the JSON API says: types with moments in UTC (ISO 8601), from which its description is made too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct

from clairvoie.boundary.authorisation import Authorisation, Suspension
from clairvoie.boundary.fix import Unlocated
from clairvoie.boundary.hazards import HazardKind, Health, Mode, NoiseSource
from clairvoie.boundary.incident import (
    Basis,
    DetectionView,
    Incident,
    IncidentState,
    Miss,
    Outcome,
    Transition,
    TransitionKind,
)
from clairvoie.boundary.life import SensorState
from clairvoie.boundary.overseen import ActState, ActView, SensorLeave
from clairvoie.boundary.reading import HourRow, MinuteRow, PeriodLevels, SensorStatus, ShiftNote
from clairvoie.boundary.sensor import Place, SensorKind
from clairvoie.boundary.trial import TrialView
from clairvoie.views.documents_trials import TrialDocument, trial_document
from clairvoie.views.fix_documents import FixDocument, fix_document


def moment(at: float) -> datetime:
    """POSIX seconds as a moment in UTC, to the tenth of a millisecond that the gate releases at best."""
    return datetime.fromtimestamp(round(at, 4), UTC)


def _moment(at: float | None) -> datetime | None:
    return None if at is None else moment(at)


class SensorDocument(Struct, frozen=True, kw_only=True):
    """A sensor now. Levels in dB, ``clock_sigma`` in seconds, ``bits_last_minute`` what it released."""

    id: str
    node: str
    kind: SensorKind
    place: Place
    simulated: bool
    silent: bool
    last_heard: datetime | None
    health: Health | None
    laeq: float | None
    laeq_end: datetime | None
    clock_sigma: float | None
    bits_last_minute: float
    records_stored: int
    state: SensorState | None = None
    confinement_missing: tuple[str, ...] | None = None
    authorisation: str = ""
    authorised_kinds: tuple[str, ...] = ()
    trials: tuple[TrialDocument, ...] = ()


class ActDocument(Struct, frozen=True, kw_only=True):
    """One valid act as it stands. ``document`` is what was signed; ``signed_by`` the charter's roles."""

    digest: str
    state: ActState
    ending: bool
    signed_by: tuple[str, ...]
    suspensions: tuple[Suspension, ...]
    document: Authorisation


class Authorisations(Struct, frozen=True, kw_only=True):
    """All valid acts, the newest first; ``charter`` is its digest, empty where nothing is permitted at all."""

    time_zone: str
    now: datetime
    charter: str
    acts: tuple[ActDocument, ...]


class DetectionDocument(Struct, frozen=True, kw_only=True):
    """One stored detection."""

    sensor: str
    identifier: int
    kind: HazardKind
    mode: Mode
    onset: datetime
    offset: datetime | None
    confidence: float | None
    level: float | None
    clock_sigma: float | None
    received: datetime


class TransitionDocument(Struct, frozen=True, kw_only=True):
    """One line of an incident's history; ``who`` is empty when the hub did it."""

    at: datetime
    kind: TransitionKind
    who: str
    outcome: Outcome | None
    basis: Basis | None
    note: str


class IncidentDocument(Struct, frozen=True, kw_only=True):
    """One incident. ``place`` with ``radius`` (metres) is the weighted mean of the sensors, not a location; ``fix`` is
    one, or ``unlocated`` says why there is none."""

    id: int
    kind: HazardKind
    state: IncidentState
    mode: Mode
    opened: datetime
    onset: datetime
    last_onset: datetime
    place: Place
    radius: float
    confidence: float
    sensors: tuple[str, ...]
    taken_by: str
    outcome: Outcome | None
    basis: Basis | None
    detections: tuple[DetectionDocument, ...]
    history: tuple[TransitionDocument, ...]
    fix: FixDocument | None = None
    unlocated: Unlocated | None = None


class MinuteDocument(Struct, frozen=True, kw_only=True):
    """One stored sensor-minute in dB."""

    minute: datetime
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
    health: Health | None


class HourDocument(Struct, frozen=True, kw_only=True):
    """One stored sensor-hour: Harmonica index, intermittency ratio in percent, noise events (62: 62 or more), and the
    share of the hour that was valid, in eighths."""

    hour: datetime
    harmonica: float | None
    intermittency: float | None
    events: int | None
    coverage: float | None


class MissDocument(Struct, frozen=True, kw_only=True):
    """Something that happened and of which no sensor told."""

    id: int
    kind: HazardKind
    happened: datetime
    place_words: str
    basis: Basis
    note: str
    reported_by: str
    reported: datetime


class NoteDocument(Struct, frozen=True, kw_only=True):
    """A note that one shift leaves to the next."""

    id: int
    at: datetime
    who: str
    text: str


class Sensors(Struct, frozen=True, kw_only=True):
    """All sensors."""

    time_zone: str
    now: datetime
    sensors: tuple[SensorDocument, ...]


class Incidents(Struct, frozen=True, kw_only=True):
    """Incidents outside ``trial``."""

    time_zone: str
    now: datetime
    incidents: tuple[IncidentDocument, ...]


class OneIncident(Struct, frozen=True, kw_only=True):
    """One incident."""

    time_zone: str
    now: datetime
    incident: IncidentDocument


class Detections(Struct, frozen=True, kw_only=True):
    """Detections, newest first."""

    time_zone: str
    now: datetime
    detections: tuple[DetectionDocument, ...]


class Levels(Struct, frozen=True, kw_only=True):
    """Levels of one sensor: the range as a whole, then its minutes, and the hours that end in it."""

    time_zone: str
    sensor: str
    start: datetime
    end: datetime
    period: PeriodLevels
    minutes: tuple[MinuteDocument, ...]
    hours: tuple[HourDocument, ...] = ()


class Misses(Struct, frozen=True, kw_only=True):
    """Misses, newest first."""

    time_zone: str
    misses: tuple[MissDocument, ...]


class Notes(Struct, frozen=True, kw_only=True):
    """Shift notes, newest first."""

    time_zone: str
    notes: tuple[NoteDocument, ...]


DOCUMENTS: tuple[type, ...] = (Authorisations, Sensors, Incidents, OneIncident, Detections, Levels, Misses, Notes)


def sensor_document(status: SensorStatus, leave: SensorLeave, trials: Iterable[TrialView] = ()) -> SensorDocument:
    """A sensor for the API, with what it may report now and where the trials of its kinds stand."""
    missing = None if status.confinement is None else status.confinement.missing
    sensor = status.sensor
    return SensorDocument(
        id=sensor.id,
        node=sensor.node,
        kind=sensor.kind,
        place=sensor.place,
        simulated=sensor.simulated,
        silent=status.silent,
        last_heard=_moment(status.last_heard),
        health=status.health,
        laeq=status.laeq,
        laeq_end=_moment(status.laeq_end),
        clock_sigma=status.clock_sigma,
        bits_last_minute=status.millibits_last_minute / 1000,
        records_stored=status.records_stored,
        state=status.state,
        confinement_missing=None if missing is None else tuple(str(lock.name).lower() for lock in missing),
        authorisation=leave.act,
        authorised_kinds=(*leave.hazards, *leave.observations),
        trials=tuple(map(trial_document, trials)),
    )


def detection_document(view: DetectionView) -> DetectionDocument:
    """A detection for the API."""
    return DetectionDocument(
        sensor=view.sensor,
        identifier=view.identifier,
        kind=view.kind,
        mode=view.mode,
        onset=moment(view.onset),
        offset=_moment(view.offset),
        confidence=view.confidence,
        level=view.level,
        clock_sigma=view.clock_sigma,
        received=moment(view.received),
    )


def _transition_document(line: Transition) -> TransitionDocument:
    return TransitionDocument(
        at=moment(line.at), kind=line.kind, who=line.who, outcome=line.outcome, basis=line.basis, note=line.note
    )


def incident_document(incident: Incident) -> IncidentDocument:
    """An incident for the API."""
    return IncidentDocument(
        id=incident.id,
        kind=incident.kind,
        state=incident.state,
        mode=incident.mode,
        opened=moment(incident.opened),
        onset=moment(incident.onset),
        last_onset=moment(incident.last_onset),
        place=incident.place,
        radius=incident.radius,
        confidence=incident.confidence,
        sensors=incident.sensors,
        taken_by=incident.taken_by,
        outcome=incident.outcome,
        basis=incident.basis,
        detections=tuple(detection_document(view) for view in incident.detections),
        history=tuple(_transition_document(line) for line in incident.history),
        fix=None if incident.fix is None else fix_document(incident.fix),
        unlocated=incident.unlocated,
    )


def minute_document(row: MinuteRow) -> MinuteDocument:
    """A sensor-minute for the API."""
    return MinuteDocument(
        minute=moment(row.minute),
        laeq=None if row.laeq is None else round(row.laeq, 2),
        tens=row.tens,
        lceq=row.lceq,
        lafmax=row.lafmax,
        lcpeak=row.lcpeak,
        l10=row.l10,
        l50=row.l50,
        l90=row.l90,
        octaves=row.octaves,
        sources=row.sources,
        valid_seconds=row.valid_seconds,
        health=row.health,
    )


def hour_document(row: HourRow) -> HourDocument:
    """A sensor-hour for the API."""
    return HourDocument(
        hour=moment(row.hour),
        harmonica=None if row.harmonica is None else round(row.harmonica, 1),
        intermittency=row.intermittency,
        events=row.events,
        coverage=row.coverage,
    )


def miss_document(miss: Miss) -> MissDocument:
    """A miss for the API."""
    return MissDocument(
        id=miss.id,
        kind=miss.kind,
        happened=moment(miss.happened),
        place_words=miss.place_words,
        basis=miss.basis,
        note=miss.note,
        reported_by=miss.reported_by,
        reported=moment(miss.reported),
    )


def note_document(note: ShiftNote) -> NoteDocument:
    """A shift note for the API."""
    return NoteDocument(id=note.id, at=moment(note.at), who=note.who, text=note.text)


def act_document(view: ActView, now: float) -> ActDocument:
    """An act for the API."""
    return ActDocument(
        digest=view.act.digest,
        state=view.state,
        ending=view.ending(now),
        signed_by=view.act.signed_by,
        suspensions=view.act.suspensions,
        document=view.act.authorisation,
    )
