"""Sounds of a street from nothing but a seed, so that a demonstration and a test need no recording.

Each maker takes a generator, a duration in seconds (``None``: it draws a usual one) and a rate in hertz, and gives mono
float32 with its peak at 0.9. The same seed gives the same samples on the same version of numpy.

>>> import numpy as np
>>> sound = MAKERS["glass-breaking"](np.random.default_rng(1), 1.5, 32_000)
>>> sound.shape, sound.dtype.name, round(float(abs(sound).max()), 2)
((48000,), 'float32', 0.9)
"""

from __future__ import annotations

from collections.abc import Callable

from clairvoie.lab.synthesis.impacts import bang, door_slam, firework, glass_breaking, impacts
from clairvoie.lab.synthesis.metal import beeps, clink, keys
from clairvoie.lab.synthesis.road import drill, engine, horn, passing_car, traffic
from clairvoie.lab.synthesis.shaping import Generator, Sound
from clairvoie.lab.synthesis.signals import alarm, bells, siren, two_tone_siren, wail_siren
from clairvoie.lab.synthesis.weather import babble, birds, rain, wind

Maker = Callable[[Generator, float | None, int], Sound]

MAKERS: dict[str, Maker] = {
    "alarm": alarm,
    "babble": babble,
    "bang": bang,
    "beeps": beeps,
    "bells": bells,
    "birds": birds,
    "clink": clink,
    "door-slam": door_slam,
    "drill": drill,
    "engine": engine,
    "firework": firework,
    "glass-breaking": glass_breaking,
    "horn": horn,
    "impacts": impacts,
    "keys": keys,
    "passing-car": passing_car,
    "rain": rain,
    "siren": siren,
    "traffic": traffic,
    "two-tone-siren": two_tone_siren,
    "wail-siren": wail_siren,
    "wind": wind,
}
"""Every sound that can be made, by name."""

UNLABELLED = frozenset({"babble"})
"""Sounds that no annotation may name: voices are no class. They are in the mixture, never in the ground truth."""

__all__ = [
    "MAKERS",
    "UNLABELLED",
    "Maker",
    "Sound",
    "alarm",
    "babble",
    "bang",
    "beeps",
    "bells",
    "birds",
    "clink",
    "door_slam",
    "drill",
    "engine",
    "firework",
    "glass_breaking",
    "horn",
    "impacts",
    "keys",
    "passing_car",
    "rain",
    "siren",
    "traffic",
    "two_tone_siren",
    "wail_siren",
    "wind",
]
