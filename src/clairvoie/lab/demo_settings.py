"""The settings of the demonstration's hub and node, written as the TOML files that both commands read.

Everything is an exercise: the deployment, every sensor's mode, every place. The node's key is made first, so that the
hub's settings can name its public half.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from clairvoie.boundary.hazards import Mode
from clairvoie.boundary.sensor import Sensor
from clairvoie.egress.key import node_key, public_digits
from clairvoie.lab.town import NAME, TIME_ZONE, Quarter

DEPLOYMENT = "claire-voie-exercise"
NODE = "quarter"
KEY_NAME = "node-key.pem"


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
    }
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
    parts = [_assignments(head)]
    for sensor, recording in recordings.items():
        source = {"file": str(recording.resolve()), "loop": True}
        about = {"id": sensor, "calibration": calibration, "mode": Mode.EXERCISE.value}
        parts.append("[[sensors]]\n" + _assignments(about) + "[sensors.source]\n" + _assignments(source))
    return _written(folder / "node.toml", parts)


def _assignments(values: Mapping[str, object]) -> str:
    """Lines of TOML. A JSON string without escapes beyond ASCII control characters is a TOML basic string too."""
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())


def _written(path: Path, parts: list[str]) -> Path:
    path.write_text("\n".join(parts), encoding="utf-8")
    return path
