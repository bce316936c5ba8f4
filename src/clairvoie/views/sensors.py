"""Sensors: the list, and the page of one with every byte that it said in the last minute and through the day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from clairvoie.boundary.bulletin import BITS_PER_SECOND, BURST_BITS
from clairvoie.boundary.overseen import leave_of
from clairvoie.boundary.reading import SensorStatus
from clairvoie.boundary.units import MILLIBITS_PER_BIT
from clairvoie.views.day import MINUTE_MILLIBITS, picture
from clairvoie.views.page import Page, ThePage
from clairvoie.views.said import Speech
from clairvoie.views.squares import COLUMNS, squares_of
from clairvoie.views.words import mark as _

router = APIRouter()
UNKNOWN = _("No sensor here is called “%(sensor)s”. The list of sensors names them all.")
NOT_A_DAY = _("“%(day)s” is no date that can be shown. A date is written 2026-11-22 and is not in the future.")


@router.get("/sensors")
def listed(request: Request, page: ThePage) -> HTMLResponse:
    """All sensors."""
    return page.render(request, "sensors.html", statuses=page.desk.sensors(), speech=_speech(request, page))


@router.get("/sensors/{sensor}")
def one(request: Request, page: ThePage, sensor: str, day: str = "") -> HTMLResponse:
    """One sensor: what it is, how it does, and all that it said."""
    status = page.desk.sensor(sensor)
    if status is None:
        return unknown(request, page, sensor)
    chosen = _day(page, day)
    if chosen is None:
        return page.problem(request, 422, page.words(request, NOT_A_DAY, day=day))
    facts = _status(request, page, status) | _said(request, page, sensor) | _the_day(page, sensor, chosen)
    return page.render(request, "sensor.html", **facts)


@router.get("/sensors/{sensor}/facts")
def facts_of(request: Request, page: ThePage, sensor: str) -> HTMLResponse:
    """The part of the page that says how the sensor does."""
    status = page.desk.sensor(sensor)
    if status is None:
        return unknown(request, page, sensor)
    return page.render(request, "fragments/sensor_facts.html", **_status(request, page, status))


@router.get("/sensors/{sensor}/said")
def said(request: Request, page: ThePage, sensor: str) -> HTMLResponse:
    """The part of the page that shows the last sixty seconds."""
    if page.desk.sensor(sensor) is None:
        return unknown(request, page, sensor)
    return page.render(request, "fragments/sensor_said.html", sensor=sensor, **_said(request, page, sensor))


@router.get("/sensors/{sensor}/day")
def said_in_a_day(request: Request, page: ThePage, sensor: str, day: str = "") -> HTMLResponse:
    """The part of the page that shows a day."""
    if page.desk.sensor(sensor) is None:
        return unknown(request, page, sensor)
    chosen = _day(page, day)
    if chosen is None:
        return page.problem(request, 422, page.words(request, NOT_A_DAY, day=day))
    return page.render(
        request,
        "fragments/sensor_day.html",
        sensor=sensor,
        speech=_speech(request, page),
        **_the_day(page, sensor, chosen),
    )


def _speech(request: Request, page: Page) -> Speech:
    return Speech(page.language(request), page.clock)


def unknown(request: Request, page: Page, sensor: str) -> HTMLResponse:
    """There is no such sensor, or not for this caller."""
    return page.problem(request, 404, page.words(request, UNKNOWN, sensor=sensor[:60]))


def _day(page: Page, text: str) -> date | None:
    """The local day that an address asks for, today without one; ``None`` for what is no day or lies ahead."""
    today = page.clock.date(page.desk.now())
    try:
        asked = date.fromisoformat(text) if text else today
    except ValueError:
        return None
    return asked if asked.year > 1970 and asked <= today else None


def _status(request: Request, page: Page, status: SensorStatus) -> dict[str, Any]:
    return {
        "known": status,
        "sensor": status.sensor.id,
        "speech": _speech(request, page),
        "now": page.desk.now(),
        "leave": leave_of(page.desk.acts().counting, status.sensor.id, page.desk.now()),
        "life": page.desk.life(status.sensor.id),
        "trials": page.desk.trials(status.sensor.id),
        "locks": page.desk.confinement(status.sensor.id),
    }


def _said(request: Request, page: Page, sensor: str) -> dict[str, Any]:
    heard = page.desk.said(sensor)
    squares = squares_of(_speech(request, page), heard)
    return {
        "speech": _speech(request, page),
        "rows": [squares[start : start + COLUMNS] for start in range(0, len(squares), COLUMNS)],
        "latest": max((s for s in squares if len(s.statements) > 1), key=lambda s: s.second, default=None),
        "squares": sorted(squares, key=lambda square: square.second),
        "millibits": sum(second.millibits for second in heard),
        "limit": MINUTE_MILLIBITS // MILLIBITS_PER_BIT,
        "byte": BITS_PER_SECOND,
        "burst": BURST_BITS,
    }


def _the_day(page: Page, sensor: str, day: date) -> dict[str, Any]:
    start, end = page.clock.day(day)
    now = page.desk.now()
    shown = picture(page.clock, day, page.desk.said_by_minute(sensor, start, end), now=now)
    today = page.clock.date(now)
    return {
        "shown": shown,
        "day": day,
        "day_start": start,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1) if day < today else None,
        "is_today": day == today,
        "limit": MINUTE_MILLIBITS // MILLIBITS_PER_BIT,
    }
