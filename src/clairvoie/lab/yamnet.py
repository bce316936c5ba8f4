"""YAMNet as a yardstick: the recogniser that most comparable programs use.

A window of 0.975 s every 0.48 s, as its authors run it; the score of a reading is that of its best class. Breaking
glass is ``Shatter`` or ``Breaking``; ``Glass``, which in AudioSet includes clinking, is shown as a second, generous
reading. Its usual threshold, 0.3, and its best one are both compared with. Needs `ai-edge-litert` and the model file.
"""

from __future__ import annotations

import csv
import importlib
import importlib.util
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clairvoie.boundary.hazards import HazardKind
from clairvoie.lab.dataset import Samples

THRESHOLD: Final = 0.3
WINDOW: Final = 15_600
HOP: Final = 7_680
HOP_SECONDS: Final = HOP / 16_000
READINGS: Final = {
    "YAMNet: Shatter or Breaking": (HazardKind.GLASS_BREAKING, ("Shatter", "Breaking")),
    "YAMNet: Shatter, Breaking or Glass": (HazardKind.GLASS_BREAKING, ("Shatter", "Breaking", "Glass")),
    "YAMNet: Fireworks or Firecracker": (HazardKind.FIREWORK, ("Fireworks", "Firecracker")),
}
"""Reading -> the hazard it stands for, and the classes of which one must score."""
SHARED: Final[dict[str, tuple[str, ...]]] = {
    "glass-breaking": ("Shatter", "Breaking"),
    "firework": ("Fireworks", "Firecracker"),
    "alarm": ("Alarm", "Alarm clock", "Smoke detector, smoke alarm", "Fire alarm", "Car alarm"),
    "horn": ("Vehicle horn, car horn, honking", "Air horn, truck horn", "Toot"),
    "siren": ("Siren", "Civil defense siren", "Police car (siren)", "Ambulance (siren)",
              "Fire engine, fire truck (siren)"),
    "bells": ("Bell", "Church bell"),
    "dog": ("Dog", "Bark", "Bow-wow", "Yip", "Howl"),
    "traffic": ("Engine", "Idling", "Vehicle", "Car", "Motor vehicle (road)", "Traffic noise, roadway noise", "Truck",
                "Motorcycle", "Accelerating, revving, vroom"),
    "rail": ("Train", "Rail transport", "Railroad car, train wagon", "Train horn", "Train whistle"),
    "aircraft": ("Aircraft", "Fixed-wing aircraft, airplane", "Helicopter", "Jet engine", "Aircraft engine",
                 "Propeller, airscrew"),
    "works": ("Chainsaw", "Sawing", "Power tool", "Jackhammer", "Drill"),
    "rain": ("Rain", "Raindrop", "Rain on surface"),
    "wind": ("Wind", "Wind noise (microphone)"),
    "thunder": ("Thunder", "Thunderstorm"),
    "water": ("Ocean", "Waves, surf"),
}  # fmt: skip
"""Output of our recogniser that YAMNet has too -> its classes for it."""


class Yamnet:
    """The model of the file ``yamnet.tflite`` with its class map beside it."""

    def __init__(self, folder: Path) -> None:
        interpreter = importlib.import_module("ai_edge_litert.interpreter").Interpreter
        self._interpreter: Any = interpreter(str(folder / "yamnet.tflite"), num_threads=1)
        self._interpreter.allocate_tensors()
        given = self._interpreter.get_input_details()[0]
        self._input, self._shape = given["index"], tuple(given["shape"])
        self._output = self._interpreter.get_output_details()[0]["index"]
        with (folder / "yamnet_class_map.csv").open(newline="", encoding="utf-8") as lines:
            names = [row["display_name"] for row in csv.DictReader(lines)]
        self._columns = {reading: [names.index(x) for x in wanted] for reading, (_, wanted) in READINGS.items()}
        self._shared = [[names.index(x) for x in wanted] for wanted in SHARED.values()]

    def begins(self, sound: Samples) -> dict[str, list[float]]:
        """Start times of the windows in which each reading is newly found, seconds."""
        scores = self.windows(sound)
        found = {}
        for reading, columns in self._columns.items():
            above = scores[:, columns].max(axis=1) >= THRESHOLD
            fresh = above & ~np.concatenate([[False], above[:-1]])
            found[reading] = [float(i) * HOP_SECONDS for i in np.flatnonzero(fresh)]
        return found

    def shared(self, sound: Samples) -> NDArray[np.float32]:
        """Scores of the outputs of :data:`SHARED`, in its order, a row for each window."""
        scores = self.windows(sound)
        return np.stack([scores[:, columns].max(axis=1) for columns in self._shared], axis=1)

    def windows(self, sound: Samples) -> NDArray[np.float32]:
        """Scores of all classes, a row for each window; a shorter recording is one window, padded with silence."""
        padded = np.pad(sound, (0, max(0, WINDOW - sound.size))).astype(np.float32)
        rows = []
        for start in range(0, padded.size - WINDOW + 1, HOP):
            self._interpreter.set_tensor(self._input, padded[start : start + WINDOW].reshape(self._shape))
            self._interpreter.invoke()
            rows.append(self._interpreter.get_tensor(self._output).reshape(-1))
        return np.array(rows, dtype=np.float32)


def yamnet(data: Path) -> Yamnet | str:
    """YAMNet, or why it is not here."""
    if importlib.util.find_spec("ai_edge_litert") is None:
        return "ai-edge-litert is not installed (pip install ai-edge-litert)"
    if not (data / "models" / "yamnet.tflite").is_file():
        return "there is no models/yamnet.tflite in the data"
    return Yamnet(data / "models")
