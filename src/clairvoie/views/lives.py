"""A sensor's life, act by act, with how its process is confined; and its street sign, to print and to hang below it.

A photograph of the sign is named by its digest alone: it was taken in the street, somebody may be in it, and so the
hub neither serves nor publishes it (``docs/sensors.md``).
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from clairvoie.boundary.confinement import REQUIRED, Lock
from clairvoie.boundary.overseen import leave_of
from clairvoie.views.page import ThePage
from clairvoie.views.sensors import unknown
from clairvoie.views.terms_of_the_door import LOCKS

router = APIRouter()


@router.get("/sensors/{sensor}/life")
def life(request: Request, page: ThePage, sensor: str) -> HTMLResponse:
    """Every signed act of a sensor's life, and what its node says of the process behind it."""
    status = page.desk.sensor(sensor)
    if status is None:
        return unknown(request, page, sensor)
    return page.render(
        request,
        "sensor_life.html",
        known=status,
        sensor=sensor,
        life=page.desk.life(sensor),
        said=page.desk.confinement(sensor),
        locks=tuple(Lock),
        required=REQUIRED,
        lock_words=LOCKS,
    )


@router.get("/sensors/{sensor}/sign")
def sign(request: Request, page: ThePage, sensor: str) -> HTMLResponse:
    """The street sign: what may be reported from here, by which act, until when, and what never is."""
    status = page.desk.sensor(sensor)
    if status is None:
        return unknown(request, page, sensor)
    counting, now = page.desk.acts().counting, page.desk.now()
    return page.render(
        request,
        "sensor_sign.html",
        known=status,
        sensor=sensor,
        leave=leave_of(counting, sensor, now),
        act=None if counting is None else counting.act.authorisation,
        now=now,
        public=[f"{request.base_url}{path}" for path in ("api/v1/authorisations", "tlog")],
    )
