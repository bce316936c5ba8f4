"""The settings of the demonstration's hub and node, written as the TOML files that both commands read.

Everything is an exercise: the deployment, every sensor's mode, every place, and the authorisation with its signatures
too. The node's key is made first, so that the hub's settings can name its public half.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import shapely
from msgspec.structs import replace

from clairvoie.boundary.authorisation import Authorisation, LegalText
from clairvoie.boundary.hazards import Mode
from clairvoie.boundary.sensor import Sensor
from clairvoie.egress.key import node_key, public_digits
from clairvoie.lab.leave import exercise_authorisation, make_leave, write_leave
from clairvoie.lab.town import NAME, TIME_ZONE, Quarter

DEPLOYMENT = "claire-voie-exercise"
NODE = "quarter"
KEY_NAME = "node-key.pem"
MARGIN = 25.0
"""Metres around the streets that the exercise's authorisation covers."""


def write_hub_settings(folder: Path, quarter: Quarter, sensors: tuple[Sensor, ...], port: int) -> Path:
    """``hub.toml`` in ``folder``, with the map beside it."""
    (folder / "quarter.geojson").write_text(json.dumps(quarter.geojson, ensure_ascii=False), encoding="utf-8")
    head = {
        "deployment": DEPLOYMENT,
        "place": NAME,
        "time_zone": TIME_ZONE,
        "store": "hub.sqlite",
        "exercise": True,
        "port": port,
        "map": "quarter.geojson",
        "charter": "charter.json",
        "accounts": "exercise",
    }
    leave = make_leave(DEPLOYMENT)
    write_leave(folder, leave, [leave.signed(demonstration_act(quarter, sensors))])
    key = public_digits(node_key(folder / KEY_NAME))
    parts = [_assignments(head), "[[nodes]]\n" + _assignments({"id": NODE, "public_key": key})]
    for sensor in sensors:
        place = sensor.place
        about = {"id": sensor.id, "node": sensor.node, "kind": sensor.kind.value, "simulated": True}
        where = {
            "latitude": place.latitude,
            "longitude": place.longitude,
            "height": place.height,
            "words": place.words,
        }
        parts.append("[[sensors]]\n" + _assignments(about) + "[sensors.place]\n" + _assignments(where))
    return _written(folder / "hub.toml", parts)


def write_node_settings(folder: Path, recordings: dict[str, Path], calibration: float, hub: str) -> Path:
    """``node.toml`` in ``folder``: each recording loops; all begin together when the node is ready."""
    head = {"deployment": DEPLOYMENT, "node": NODE, "hub": hub, "key": KEY_NAME, "state": "node-state"}
    head["charter"] = "charter.json"
    parts = [_assignments(head)]
    for sensor, recording in recordings.items():
        source = {"file": str(recording.resolve()), "loop": True}
        about = {"id": sensor, "calibration": calibration, "mode": Mode.EXERCISE.value}
        parts.append("[[sensors]]\n" + _assignments(about) + "[sensors.source]\n" + _assignments(source))
    return _written(folder / "node.toml", parts)


def demonstration_act(quarter: Quarter, sensors: tuple[Sensor, ...]) -> Authorisation:
    """What the invented town allows: everything a microphone can report, inside the quarter and 25 m around it."""
    corners = [quarter.metres(sensor.place)[:2] for sensor in sensors]
    covered = shapely.union_all([*quarter.streets, *(shapely.Point(corner) for corner in corners)])
    outline = shapely.convex_hull(covered.buffer(MARGIN)).simplify(4.0)
    places = [quarter.place((east, north, 0.0)) for east, north in shapely.get_coordinates(outline)[:-1].tolist()]
    act = exercise_authorisation(DEPLOYMENT, [sensor.id for sensor in sensors], time_zone=TIME_ZONE)
    return replace(
        act,
        authority="Commune imaginaire de la Claire-Voie, délibération d'exercice",
        purpose="Montrer, sur des micros simulés, comment une ville rendrait compte de ce que disent ses micros",
        legal_texts=(LegalText(title="Aucun : exercice sur un son inventé", date="2026-11-01"),),
        impact_assessment="Sans objet : aucun lieu réel n'est mesuré",
        polygon=tuple((round(place.latitude, 6), round(place.longitude, 6)) for place in places),
    )


def _assignments(values: Mapping[str, object]) -> str:
    """Lines of TOML. A JSON string without escapes beyond ASCII control characters is a TOML basic string too."""
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())


def _written(path: Path, parts: list[str]) -> Path:
    path.write_text("\n".join(parts), encoding="utf-8")
    return path
