"""The model card as the program reads it: which file it describes, its outputs, the rules of detections.

The card is ``street.json`` beside ``street.onnx``; people read ``street.md``. Whatever else the JSON holds
(data, licences, figures) is for readers too, and is not read here.
"""

from __future__ import annotations

import math
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec
from msgspec import Struct

from clairvoie.boundary.hazards import HazardKind, NoiseSource
from clairvoie.errors import ModelError

MODEL_NAME = "street.onnx"
HAZARD_OUTPUTS = {
    HazardKind.GLASS_BREAKING: "glass-breaking",
    HazardKind.FIREWORK: "firework",
    HazardKind.ALARM_SOUNDING: NoiseSource.ALARM.value,
    HazardKind.SUSTAINED_HORN: NoiseSource.HORN.value,
}
"""Hazard -> the output that scores its sound. Alarms and horns are noise sources too; hazards only when they last."""
WITHHELD = "withheld"


class HazardRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the scores of one hazard become a detection; times in seconds.

    It may begin once the score reaches ``enter`` and counts as sounding while the score stays at ``leave`` or above. It
    does begin when it has sounded for ``sounding`` in all and ``span`` has passed since the onset, or when it has
    entered ``times`` times (0: this does not count). After ``gap`` below ``leave`` it is over.
    """

    enter: float
    leave: float
    sounding: float
    gap: float
    span: float = 0.0
    times: int = 0

    def __post_init__(self) -> None:
        if not 0.0 < self.leave <= self.enter <= 1.0:
            raise ModelError(
                "thresholds of a hazard lie between 0 and 1, leave at most enter", (self.leave, self.enter)
            )
        if min(self.sounding, self.gap, self.span, self.times) < 0:
            raise ModelError("durations of a hazard are not negative", (self.sounding, self.gap, self.span))


class Calibration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A monotone map from the network's score to a probability (Platt 1999): its logit, stretched and shifted.

    Without anything it is the identity. ``lab.calibration`` fits it; the network itself is not changed.
    """

    slope: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.slope) and math.isfinite(self.offset) and self.slope > 0):
            raise ModelError("a calibration rises with the score", (self.slope, self.offset), "Fit it anew.")

    def __call__(self, score: float) -> float:
        """The probability for one score; 0 and 1 stay what they are.

        >>> round(Calibration(slope=2.0, offset=-1.0)(0.9), 3)
        0.968
        """
        if not 0.0 < score < 1.0 or self == IDENTITY:
            return score
        logit = self.slope * math.log(score / (1.0 - score)) + self.offset
        return 1.0 / (1.0 + math.exp(-logit)) if logit > -700.0 else 0.0


IDENTITY = Calibration()


class ModelCard(Struct, frozen=True, kw_only=True):
    """What the program needs to know of a model. ``width``: length of the vectors it keeps between calls.

    ``calibration``: for the scores of hazards, before the rules; those without an entry are taken as they are.
    """

    version: int
    sha256: str
    outputs: tuple[str, ...]
    width: int
    rules: dict[HazardKind, HazardRule]
    calibration: dict[HazardKind, Calibration] = {}

    def __post_init__(self) -> None:
        if self.version != 1:
            raise ModelError("this program reads model cards of version 1", self.version, "Update Clairvoie.")
        wanted = {*HAZARD_OUTPUTS.values(), WITHHELD}
        known = wanted | {source.value for source in NoiseSource}
        if not wanted <= set(self.outputs) <= known or len(set(self.outputs)) != len(self.outputs):
            raise ModelError("the outputs of a model are hazards, noise sources and `withheld`", self.outputs)
        if not set(self.calibration) <= set(HAZARD_OUTPUTS):
            raise ModelError("a calibration is for a hazard in sound", sorted(self.calibration))
        if set(self.rules) != set(HAZARD_OUTPUTS):
            raise ModelError("a model card has a rule for each hazard in sound", sorted(self.rules))

    @property
    def sources(self) -> tuple[NoiseSource, ...]:
        """The noise sources that this model has learned."""
        names = {source.value for source in NoiseSource}
        return tuple(NoiseSource(name) for name in self.outputs if name in names)


def packaged() -> Traversable:
    """The model in the package."""
    return resources.files("clairvoie.detect.sound") / "models" / MODEL_NAME


def read_card(path: Path | None = None) -> ModelCard:
    """The card of the model at ``path``, or of the packaged one."""
    beside = packaged() if path is None else path
    name = beside.name.removesuffix(".onnx") + ".json"
    text = (path.parent / name) if path is not None else (resources.files("clairvoie.detect.sound") / "models" / name)
    try:
        return msgspec.json.decode(text.read_bytes(), type=ModelCard)
    except OSError as error:
        raise ModelError(f"there is no model card ({error.strerror})", name, "It lies beside the model.") from error
    except msgspec.MsgspecError as error:
        raise ModelError(f"the model card is wrong ({error})", name, "Take it from the same release.") from error
