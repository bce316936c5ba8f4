"""What is heard, ten times a second: scores of hazards and noise sources from a small network in the package.

Scores are between 0 and 1 and are not probabilities; :mod:`clairvoie.detect.sound.events` turns those of hazards into
detections by thresholds that stand in the model card. Voices and the sounds of bodies are learned for one purpose, to
be withheld: they have a single output, ``withheld``, which is neither a source nor a hazard and lowers no hazard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from clairvoie.boundary.hazards import HazardKind, NoiseSource
from clairvoie.capture.blocks import Block

TICK_SECONDS: Final = 0.1


class Scores(NamedTuple):
    """What was heard in the ``seconds`` that end at ``time`` on the blocks' clock."""

    time: float
    seconds: float
    hazards: Mapping[HazardKind, float]
    """Glass breaking, firework, alarm and horn; the last two as heard now, not yet as lasting ones."""
    sources: Mapping[NoiseSource, float]
    """Every source that the model has learned."""
    withheld: float
    """How much the sound is of a kind that is never released."""


class Tagger(Protocol):
    """Something that scores a stream of blocks."""

    def feed(self, block: Block) -> list[Scores]:
        """Scores of the ticks that this block completes, oldest first."""
        ...

    def finish(self) -> list[Scores]:
        """Scores of the last ticks, at the end of a recording."""
        ...
