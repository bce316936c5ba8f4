"""A fix for the desk in memory: four of its microphones timed a bang near the market, one of them wrongly."""

from __future__ import annotations

import msgspec
from fake_desk import FakeDesk
from quarter import place

from clairvoie.boundary.fix import Fix, FixArrival
from clairvoie.boundary.incident import Incident

PARTS = (
    ("mic-marche", 0.0004, True, 41.0),
    ("mic-lavoir", -0.0011, True, 96.0),
    ("mic-fontaine", 0.0007, True, 142.0),
    ("mic-ecluse", 0.0002, True, 169.0),
    ("mic-halles", 0.1204, False, 178.0),
)


def located(desk: FakeDesk, number: int = 4) -> Incident:
    """Give an incident of this desk a fix."""
    incident = desk.kept[number]
    fix = Fix(
        place=place(-25.0, -35.0, "rue de la Claire-Voie, près du no 12"),
        emitted=incident.onset - 0.12,
        emitted_sigma=0.0031,
        major=6.4,
        minor=2.9,
        direction=38.0,
        peak=147.2,
        arrivals=tuple(
            FixArrival(sensor=name, residual=late, sigma=0.0031, used=used, metres=way)
            for name, late, used, way in PARTS
        ),
    )
    desk.kept[number] = msgspec.structs.replace(incident, fix=fix)
    return desk.kept[number]
