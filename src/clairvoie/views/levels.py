"""Levels: one to three sensors over a range, as plots, as a table that needs no script, as figures in words and as CSV.

``/levels`` is the page, ``/levels.json`` what its plots draw, ``/levels.csv`` the same for a spreadsheet, and
``/levels/newest.json`` the last LAeq,10s. All read the same address: ``sensor`` (one to three times), ``range``,
``from`` and ``to`` (local dates). Without a range it is the last hour: on its first day a sensor has little else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from clairvoie.boundary.detection import OCTAVE_CENTRES
from clairvoie.boundary.reading import SensorStatus
from clairvoie.boundary.sensor import SensorKind
from clairvoie.views import table
from clairvoie.views.hours import hours_of
from clairvoie.views.page import SECURITY_HEADERS, Page, ThePage
from clairvoie.views.ranges import MINUTE, TEN, BadRange, Range, RangeFault, RangeName, read_range, read_step
from clairvoie.views.said import Speech
from clairvoie.views.series import Series, tens, thin
from clairvoie.views.terms import term
from clairvoie.views.words import mark as _

router = APIRouter()
MOST_SENSORS = 3
UNKNOWN = _("No sensor here is called “%(sensor)s”. The list of sensors names them all.")
TOO_MANY = _("At most three microphones are compared at once. Leave some out.")
FAULTS = {
    RangeFault.UNKNOWN_NAME: _("“%(value)s” is no range. Choose the last hour, a day, seven days, or two dates."),
    RangeFault.NOT_A_DATE: _("“%(value)s” is no date. A date is written 2026-11-22."),
    RangeFault.BACKWARDS: _("The range ends before it begins: %(value)s. Exchange the two dates."),
    RangeFault.TOO_LONG: _("%(value)s days are more than can be drawn at once. Choose at most 92."),
    RangeFault.IN_THE_FUTURE: _("Nothing is known of %(value)s yet. Choose a day that has begun."),
    RangeFault.BAD_STEP: _("“%(value)s” is no step. Leave it out."),
}
RANGES = (
    (RangeName.HOUR, _("Last hour")),
    (RangeName.TODAY, _("Today")),
    (RangeName.YESTERDAY, _("Yesterday")),
    (RangeName.WEEK, _("Seven days")),
)
STEP_WORDS = {
    10: _("ten seconds"),
    60: _("one minute"),
    300: _("five minutes"),
    600: _("ten minutes"),
    900: _("a quarter of an hour"),
    1800: _("half an hour"),
    3600: _("one hour"),
    7200: _("two hours"),
    10800: _("three hours"),
    21600: _("six hours"),
    86400: _("24 hours"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for."""

    statuses: tuple[SensorStatus, ...]
    range: Range

    @property
    def sensors(self) -> tuple[str, ...]:
        """Identifiers, in the order of the address."""
        return tuple(status.sensor.id for status in self.statuses)

    def query(self, **changes: object) -> str:
        """The address's query for the same sensors and range, with ``changes``; ``None`` takes a field out."""
        fields: dict[str, object] = {"sensor": self.sensors, "range": self.range.name.value}
        if self.range.name is RangeName.DATES:
            fields |= {"from": self.range.first.isoformat(), "to": self.range.last.isoformat()}
        kept = {name: value for name, value in (fields | changes).items() if value is not None}
        return urlencode(kept, doseq=True)


@router.get("/levels")
def shown(request: Request, page: ThePage) -> HTMLResponse:
    """The page."""
    asked = _asked(request, page)
    if isinstance(asked, HTMLResponse):
        return asked
    if not asked.statuses:
        return page.render(request, "levels.html", asked=None)
    span = asked.range
    rows = {sensor: page.desk.levels(sensor, span.start, span.end) for sensor in asked.sensors}
    thinned = [thin(sensor, rows[sensor], span.start, span.end, span.table_step) for sensor in asked.sensors]
    over = min(span.end, page.desk.now())
    return page.render(
        request,
        "levels.html",
        asked=asked,
        span=span,
        everyone=_microphones(page),
        slots=range(MOST_SENSORS),
        ranges=RANGES,
        periods=[(status, page.desk.period_levels(status.sensor.id, span.start, over)) for status in asked.statuses],
        series=thinned,
        hours=hours_of([page.desk.hours(sensor, span.start, span.end) for sensor in asked.sensors]),
        times=[time for time in thinned[0].times if time < over],
        step_words=page.words(request, STEP_WORDS[span.step]),
        table_step_words=page.words(request, STEP_WORDS[span.table_step]),
        speech=Speech(page.language(request), page.clock),
        today=page.clock.date(page.desk.now()),
        words=_plot_words(request, page),
    )


@router.get("/levels.json")
def plotted(request: Request, page: ThePage) -> Response:
    """What the plots draw: columns of equal length for each sensor; ``null`` where nothing is known."""
    asked = _asked(request, page)
    if isinstance(asked, HTMLResponse):
        return asked
    span = asked.range
    body = {
        "start": span.start,
        "end": span.end,
        "step": span.step,
        "live": span.live,
        "sensors": [_drawn(request, page, sensor, span) for sensor in asked.sensors],
    }
    return JSONResponse(body, headers=SECURITY_HEADERS)


@router.get("/levels/newest.json")
def newest(request: Request, page: ThePage) -> Response:
    """The last LAeq,10s of each sensor: where it ends (POSIX seconds), the level, and its words."""
    asked = _asked(request, page)
    if isinstance(asked, HTMLResponse):
        return asked
    body = [
        {"id": s.sensor.id, "end": s.laeq_end, "laeq": s.laeq, "silent": s.silent}
        for s in (page.desk.sensor(sensor) for sensor in asked.sensors)
        if s is not None
    ]
    return JSONResponse(body, headers=SECURITY_HEADERS)


@router.get("/levels.csv")
def exported(request: Request, page: ThePage) -> Response:
    """What a plot shows, as CSV: ``part`` is ``levels``, ``octaves`` or ``sources``; ``step`` is in seconds."""
    asked = _asked(request, page)
    if isinstance(asked, HTMLResponse):
        return asked
    part = request.query_params.get("part", "levels")
    if part not in (*table.PARTS, table.HOURS):
        return page.problem(request, 422, page.words(request, _("There is no such table."), value=part))
    try:
        step = read_step(request.query_params.get("step"), asked.range)
    except BadRange as error:
        return page.problem(request, 422, page.words(request, FAULTS[error.fault], value=error.value))
    span, zone = asked.range, page.desk.deployment().time_zone
    over = min(span.end, int(page.desk.now()) // MINUTE * MINUTE + MINUTE)
    if part == table.HOURS:
        lines = table.hour_lines(asked.sensors, page.desk.hours, span.start, over, zone)
    else:
        lines = table.lines(part, asked.sensors, page.desk.levels, span.start, over, step, zone)
    name = f"clairvoie-{part}-{'-'.join(asked.sensors)}-{span.first}" + (f"-{span.last}" * (span.last != span.first))
    headers = SECURITY_HEADERS | {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8; header=present", headers=headers)


def _asked(request: Request, page: Page) -> Asked | HTMLResponse:
    """What the address asks for, or a page that says what is wrong with it."""
    query = request.query_params
    named = tuple(dict.fromkeys(name for name in query.getlist("sensor") if name))
    if len(named) > MOST_SENSORS:
        return page.problem(request, 422, page.words(request, TOO_MANY))
    found = []
    for name in named:
        status = page.desk.sensor(name)
        if status is None:
            return page.problem(request, 404, page.words(request, UNKNOWN, sensor=name[:60]))
        found.append(status)
    name, now = query.get("range", RangeName.HOUR.value), page.desk.now()
    try:
        span = read_range(name[:40], query.get("from", "")[:40], query.get("to", "")[:40], now=now, clock=page.clock)
    except BadRange as error:
        return page.problem(request, 422, page.words(request, FAULTS[error.fault], value=error.value))
    return Asked(tuple(found) or _first(_microphones(page)), span)


def _first(statuses: Sequence[SensorStatus]) -> tuple[SensorStatus, ...]:
    """The sensor that is shown when none is asked for: the first that speaks, else the first."""
    return tuple(sorted(statuses, key=lambda status: status.silent)[:1])


def _microphones(page: Page) -> tuple[SensorStatus, ...]:
    return tuple(status for status in page.desk.sensors() if status.sensor.kind is SensorKind.MICROPHONE)


def _drawn(request: Request, page: Page, sensor: str, span: Range) -> dict[str, Any]:
    rows = page.desk.levels(sensor, span.start, span.end)
    minute_step = max(span.step, MINUTE)
    series = thin(sensor, rows, span.start, span.end, minute_step)
    return {
        "id": sensor,
        "laeq": tens(rows, span.start, span.end) if span.step == TEN else series.laeq,
        "each": minute_step // span.step,
        "l10": series.l10,
        "l50": series.l50,
        "l90": series.l90,
        "octaves": series.octaves,
        "sources": _named(request, page, series),
    }


def _named(request: Request, page: Page, series: Series) -> list[dict[str, Any]]:
    return [
        {"source": source.value, "words": page.words(request, term(source)), "share": share}
        for source, share in series.sources.items()
    ]


def _plot_words(request: Request, page: Page) -> dict[str, Any]:
    """What ``levels.js`` writes into the plots, in the language of the page."""
    speech = Speech(page.language(request), page.clock)
    return {
        "zone": page.desk.deployment().time_zone,
        "bands": [speech.band(centre) for centre in OCTAVE_CENTRES],
        "no_value": page.words(request, _("no level")),
        "unnamed": page.words(request, _("nothing named")),
    }
