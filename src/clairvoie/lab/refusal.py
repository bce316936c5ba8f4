"""What a recogniser says of sounds that it has no word for: naming one is a mistake, however sure it is of it.

Sounds from outside the closed lists, or whose word was never learned: shots, children, music, voices. A recording is
named if any kind begins in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from clairvoie.lab.listeners import Listener
from clairvoie.lab.operating import HeardRecording

UNKNOWN = ("gun_shot", "children_playing", "street_music", "speech")


class Refusal(Struct, frozen=True):
    """Of ``of`` recordings ``named`` were given some name, hazards among them ``alarmed``; ``names``: which, how
    often."""

    of: int
    named: int
    alarmed: int
    names: dict[str, int]


def refusals(listener: Listener, alone: Sequence[HeardRecording]) -> dict[str, Refusal]:
    """For each sort of unknown sound."""
    hazards = {"glass-breaking", "firework", "alarm-sounding", "sustained-horn"}
    found = {}
    for label in UNKNOWN:
        names: Counter[str] = Counter()
        of = named = alarmed = 0
        for recording in alone:
            if recording.label != label:
                continue
            said = [kind for kind in listener.kinds if listener.begins(kind, recording.table)]
            names.update(said)
            of += 1
            named += bool(said)
            alarmed += any(kind in hazards for kind in said)
        if of:
            found[label] = Refusal(of, named, alarmed, dict(names.most_common()))
    return found
