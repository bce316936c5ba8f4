"""The map's facts: streets and buildings as they were given, and what stands on them now.

``/map.geojson`` is the deployment's own file; ``/map/state`` is small and asked for again on every change. Texts in it
are in the language of the request, ready to show, so that the script draws and never words anything.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from clairvoie.boundary.fix import Fix
from clairvoie.boundary.incident import Incident, IncidentState
from clairvoie.boundary.reading import SensorStatus
from clairvoie.views.fix_plan import outline
from clairvoie.views.page import Page, Shown, ThePage

router = APIRouter()
_json = msgspec.json.Encoder()


@router.get("/map.geojson")
def streets(request: Request, page: ThePage) -> Response:
    """Streets and buildings of the site, from its settings; a browser asks again only when they change."""
    body = _json.encode(page.desk.deployment().map)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/geo+json", headers=headers)


@router.get("/map/state")
def state(request: Request, page: ThePage, incident: int | None = None) -> Response:
    """Sensors and waiting incidents; with ``incident``, that one alone, closed or not."""
    shown = page.shown(request)
    if incident is None:
        waiting = (*page.desk.incidents(IncidentState.OPEN), *page.desk.incidents(IncidentState.TAKEN))
    else:
        one = page.desk.incident(incident)
        waiting = (one,) if one is not None else ()
    facts = {
        "sensors": [sensor_mark(status, page, shown) for status in page.desk.sensors()],
        "incidents": [incident_mark(one, shown) for one in waiting],
    }
    return Response(_json.encode(facts), media_type="application/json", headers={"Cache-Control": "no-store"})


def sensor_mark(status: SensorStatus, page: Page, shown: Shown) -> dict[str, Any]:
    """One sensor on the map: where, whether it hears, its last LAeq, how it is confined, and all of that in words."""
    sensor = status.sensor
    if status.silent:
        heard = shown.silence(status.last_heard, page.desk.now())
    elif not status.hearing and status.health is not None:
        heard = str(shown.term(status.health))
    else:
        heard = f"LAeq {shown.decimal(status.laeq)} dB" if status.laeq is not None else ""
    simulated = shown.texts.gettext("simulated") if sensor.simulated else ""
    unconfined = shown.locks_missing(status.confinement)
    return {
        "id": sensor.id,
        "latitude": sensor.place.latitude,
        "longitude": sensor.place.longitude,
        "silent": not status.hearing,
        "label": "" if not status.hearing or status.laeq is None else shown.decimal(status.laeq),
        "title": ", ".join(part for part in (sensor.id, sensor.place.words, simulated, heard, unconfined) if part),
        "unconfined": bool(unconfined),
    }


def incident_mark(incident: Incident, shown: Shown) -> dict[str, Any]:
    """One incident on the map: where, how exactly, in which state, and which sensors heard it."""
    return {
        "id": incident.id,
        "latitude": incident.place.latitude,
        "longitude": incident.place.longitude,
        "radius": incident.radius,
        "state": incident.outcome.value if incident.outcome else incident.state.value,
        "title": f"{shown.term(incident.kind)}, {incident.place.words}",
        "sensors": incident.sensors,
        "fix": fix_mark(incident.fix),
    }


def fix_mark(fix: Fix | None) -> dict[str, Any] | None:
    """A fix on the map: its middle, and its ellipse as corners."""
    if fix is None:
        return None
    return {"latitude": fix.place.latitude, "longitude": fix.place.longitude, "outline": outline(fix)}
