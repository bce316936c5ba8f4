"""``clairvoie lab soundscape``: a seeded street, written as one recording a microphone with its ground truth beside it.

::

    DIR/scene.json             everything that determines the scene, and what arrived where, when and how loud
    DIR/<microphone>.wav       16-bit or float32; the level of full scale is in scene.json
    DIR/<microphone>.tsv       filename, onset, offset, event_label (DCASE)

The same seed and arguments give the same bytes on the same versions of numpy and scipy, which scene.json names.
"""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.io import wavfile

from clairvoie import __version__
from clairvoie.errors import LabError
from clairvoie.lab.annotation import labels_of, write_annotations
from clairvoie.lab.rendering import Heard, Progress, render
from clairvoie.lab.scene import Emission, Scene

FORMAT_VERSION = 1
_DITHER_SEED = 2_000_000


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the recordings by microphone, and how many samples had to be clipped in all."""

    folder: Path
    recordings: dict[str, Path]
    clipped: int


def write_scene(
    scene: Scene, folder: Path, *, float_samples: bool = False, progress: Progress = lambda _what, _done: None
) -> Written:
    """Render ``scene`` into ``folder``, which is made if need be. Files of the same names are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    recordings: dict[str, Path] = {}
    arrivals: dict[str, list[dict[str, float]]] = {}
    clipped = 0
    for number, heard in enumerate(render(scene, progress)):
        path = folder / f"{heard.microphone.id}.wav"
        lost = _write_recording(path, heard.samples, scene, number, float_samples=float_samples)
        write_annotations(path.with_suffix(".tsv"), path.name, heard.annotations)
        recordings[heard.microphone.id] = path
        arrivals[heard.microphone.id] = _arrivals(heard)
        clipped += lost
    document = describe(scene) | {"samples": "float32" if float_samples else "int16", "clipped": clipped}
    document["arrivals"] = arrivals
    (folder / "scene.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return Written(folder, recordings, clipped)


def describe(scene: Scene) -> dict[str, Any]:
    """The scene as plain values. Positions are metres east, north and up; levels dB(A); times seconds."""
    return {
        "version": FORMAT_VERSION,
        "made_with": {"clairvoie": __version__, "numpy": np.__version__, "scipy": scipy.__version__,
                      "python": platform.python_version()},
        "seed": scene.seed,
        "seconds": scene.seconds,
        "rate": scene.rate,
        "calibration": scene.calibration,
        "calibration_means": "dB SPL of a full-scale sine",
        "loop": scene.loop,
        "air": asdict(scene.air),
        "microphones": [asdict(microphone) for microphone in scene.microphones],
        "sources": [_source(emission) for emission in scene.emissions],
        "backgrounds": [asdict(a) | {"file": a.file.name if a.file else None} for a in scene.ambiences],
    }  # fmt: skip


def _source(emission: Emission) -> dict[str, Any]:
    """A source; of a recording only its name, since where it lay is nobody's business."""
    labels = labels_of(emission.kind, emission.seconds or 0.0)
    return asdict(emission) | {"file": emission.file.name if emission.file else None, "labels": labels}


def _arrivals(heard: Heard) -> list[dict[str, float]]:
    return [
        {"source": number, "onset": round(onset, 6), "offset": round(offset, 6), "level": round(level, 2)}
        for number, onset, offset, level in heard.arrivals
    ]


def _write_recording(
    path: Path, samples: NDArray[np.float64], scene: Scene, number: int, *, float_samples: bool
) -> int:
    """Write one WAV; returns how many samples were beyond full scale. 16 bits get triangular dither, from the seed."""
    if float_samples:
        wavfile.write(path, scene.rate, samples.astype(np.float32))
        return 0
    generator = np.random.default_rng([scene.seed, _DITHER_SEED + number])
    dither = generator.random(samples.size, dtype=np.float32) - generator.random(samples.size, dtype=np.float32)
    whole = np.rint(samples * 32768.0 + dither)
    beyond = int(np.count_nonzero((whole > 32767) | (whole < -32768)))
    wavfile.write(path, scene.rate, np.clip(whole, -32768, 32767).astype(np.int16))
    return beyond


def read_scene_document(folder: Path) -> dict[str, Any]:
    """The ``scene.json`` in ``folder``."""
    try:
        document: dict[str, Any] = json.loads((folder / "scene.json").read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise LabError(f"there is no scene to read ({error})", str(folder)) from error
    return document
