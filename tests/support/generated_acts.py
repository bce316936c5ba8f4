"""Authorisations, ways to narrow them, and things to ask of them, generated for laws that hold of all."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
from hypothesis import assume
from hypothesis import strategies as st
from shapely import Polygon, box

from clairvoie.boundary.authorisation import (
    Authorisation,
    Disclosure,
    Field,
    LegalText,
    ObservationKind,
    Recipient,
    RecipientKind,
    Reporting,
    Suspension,
    Thing,
)
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.hours import EVERY_DAY, Hours
from clairvoie.boundary.polygon import Point, check_polygon
from clairvoie.errors import InvalidValue

CENTRE = (48.85, 2.35)
SENSORS = ("mic-1", "mic-2", "mic-3", "mic-4")
RECIPIENTS = ("duty-desk", "fire-brigade", "noise-office")
ZONES = ("Europe/Paris", "UTC", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu")
FIRST, LAST = 1_774_000_000, 1_794_000_000
"""March to November 2026: both changes of the clocks lie within."""
moments = st.one_of(st.integers(FIRST, LAST), st.floats(FIRST, LAST))
degrees = st.floats(-0.02, 0.02)
places: st.SearchStrategy[Point] = st.tuples(degrees.map(lambda d: CENTRE[0] + d), degrees.map(lambda d: CENTRE[1] + d))
things: st.SearchStrategy[Thing] = st.one_of(
    st.builds(
        Reporting,
        st.sampled_from((*SENSORS, "mic-unknown")),
        st.sampled_from((*HazardKind, *ObservationKind)),
        st.sampled_from(Mode),
    ),
    st.builds(Disclosure, st.sampled_from((*RECIPIENTS, "newspaper")), st.sampled_from(Field), st.booleans()),
)


@st.composite
def polygons(draw: st.DrawFn) -> tuple[Point, ...]:
    """A polygon that one sees whole from its centre, within a kilometre or so."""
    angles = sorted(draw(st.lists(st.integers(0, 359), min_size=3, max_size=9, unique=True)))
    corners = []
    for angle in angles:
        radius = draw(st.integers(2, 15)) / 1000
        corners.append(
            (
                CENTRE[0] + radius * math.sin(math.radians(angle)),
                CENTRE[1] + radius * math.cos(math.radians(angle)),
            )
        )
    return _valid(tuple(corners))


def _valid(polygon: tuple[Point, ...]) -> tuple[Point, ...]:
    try:
        check_polygon(polygon)
    except InvalidValue:
        assume(False)
    return polygon


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Some of these, each once."""
    return st.lists(st.sampled_from(values), unique=True).map(tuple)


clock_times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from((0, 1, 30, 59)))
hours = st.builds(
    Hours,
    days=st.lists(st.sampled_from(EVERY_DAY), min_size=1, unique=True).map(tuple),
    start=clock_times,
    end=st.one_of(clock_times, st.just("24:00")),
)


@st.composite
def authorisations(draw: st.DrawFn) -> Authorisation:
    """Any authorisation of the same deployment, as wide or narrow as may be."""
    starts = draw(st.integers(FIRST, LAST - 1))
    return Authorisation(
        deployment="town",
        number=draw(st.integers(1, 9)),
        authority="The mayor",
        purpose="Noise",
        legal_texts=(LegalText(title="Deliberation 12", date="2026-01-01"),),
        impact_assessment="Done in January",
        starts=starts,
        ends=draw(st.integers(starts + 1, LAST)),
        time_zone=draw(st.sampled_from(ZONES)),
        sensors=draw(some(SENSORS)),
        polygon=draw(polygons()),
        exercise=draw(st.booleans()),
        hazards=draw(st.lists(st.sampled_from(HazardKind), unique=True).map(tuple)),
        observations=draw(st.lists(st.sampled_from(ObservationKind), unique=True).map(tuple)),
        hours=draw(st.lists(hours, max_size=3, unique=True).map(tuple)),
        recipients=tuple(
            Recipient(
                name=name,
                kind=draw(st.sampled_from(RecipientKind)),
                purpose="To act",
                fields=draw(st.lists(st.sampled_from(Field), unique=True).map(tuple)),
            )
            for name in draw(some(RECIPIENTS))
        ),
    )


@st.composite
def suspensions(draw: st.DrawFn) -> Suspension:
    """A suspension of everything or of some things."""
    return Suspension(
        deployment="town",
        authorisation="0" * 64,
        since=draw(st.integers(FIRST, LAST)),
        reason="Complaints",
        sensors=draw(some(SENSORS)),
        hazards=draw(st.lists(st.sampled_from(HazardKind), unique=True, max_size=2).map(tuple)),
        observations=draw(st.lists(st.sampled_from(ObservationKind), unique=True, max_size=2).map(tuple)),
        recipients=draw(some(RECIPIENTS)),
    )


Narrowing = Callable[[st.DrawFn, Authorisation], Authorisation]


def _fewer(name: str) -> Narrowing:
    def narrow(draw: st.DrawFn, act: Authorisation) -> Authorisation:
        kept = tuple(value for value in getattr(act, name) if draw(st.booleans()))
        return msgspec.structs.replace(act, **{name: kept})

    return narrow


def _fewer_fields(draw: st.DrawFn, act: Authorisation) -> Authorisation:
    told = tuple(
        msgspec.structs.replace(r, fields=tuple(f for f in r.fields if draw(st.booleans()))) for r in act.recipients
    )
    return msgspec.structs.replace(act, recipients=told)


def _persons_for_machines(draw: st.DrawFn, act: Authorisation) -> Authorisation:
    told = tuple(
        msgspec.structs.replace(r, kind=RecipientKind.MACHINE) if draw(st.booleans()) else r for r in act.recipients
    )
    return msgspec.structs.replace(act, recipients=told)


def _smaller_polygon(draw: st.DrawFn, act: Authorisation) -> Authorisation:
    south, west = draw(places)
    north, east = draw(places)
    cut = Polygon(act.polygon).intersection(box(min(south, north), min(west, east), max(south, north), max(west, east)))
    parts = [part for part in getattr(cut, "geoms", (cut,)) if isinstance(part, Polygon) and part.area > 1e-12]
    if not parts:
        return act
    ring = tuple((float(x), float(y)) for x, y in max(parts, key=lambda part: part.area).exterior.coords[:-1])
    return msgspec.structs.replace(act, polygon=_valid(ring))


def _shorter_hours(draw: st.DrawFn, act: Authorisation) -> Authorisation:
    kept = []
    for one in act.hours:
        days = tuple(day for day in one.days if draw(st.booleans())) or one.days
        start, end = (draw(st.integers(0, 1439)) for _ in range(2))
        begin, finish = (int(t[:2]) * 60 + int(t[3:]) for t in (one.start, one.end))
        if begin < finish and max(start, begin) < min(end, finish):
            low, high = max(start, begin), min(end, finish)
            kept.append(
                Hours(days=days, start=f"{low // 60:02d}:{low % 60:02d}", end=f"{high // 60:02d}:{high % 60:02d}")
            )
        else:
            kept.append(Hours(days=days, start=one.start, end=one.end))
    return msgspec.structs.replace(act, hours=tuple(dict.fromkeys(kept)))


def _later_start(draw: st.DrawFn, act: Authorisation) -> Authorisation:
    return msgspec.structs.replace(act, starts=draw(st.integers(act.starts, act.ends - 1)))


def _earlier_end(draw: st.DrawFn, act: Authorisation) -> Authorisation:
    return msgspec.structs.replace(act, ends=draw(st.integers(act.starts + 1, act.ends)))


NARROWINGS: dict[str, Narrowing] = {
    **{name: _fewer(name) for name in ("hazards", "observations", "sensors", "recipients", "hours")},
    "fields": _fewer_fields,
    "persons": _persons_for_machines,
    "polygon": _smaller_polygon,
    "shorter hours": _shorter_hours,
    "start": _later_start,
    "end": _earlier_end,
}


def away_from_borders(act: Authorisation, place: Point) -> bool:
    """Whether ``place`` is more than a tenth of a millimetre from the polygon's edge, where rounding cannot decide."""
    from shapely import Point as Spot

    return bool(Polygon(act.polygon).exterior.distance(Spot(place)) > 1e-9)
