"""What each class of the recordings means in the closed lists: the outputs of the recogniser and who teaches them.

An output is a hazard's raw sound, a noise source, or ``withheld``. A class of ESC-50 teaches the outputs listed for it;
for every output it is an example *against*, except those under ``UNSURE``, about which it says nothing.

>>> OUTPUTS[0], OUTPUTS[-1], len(OUTPUTS)
('glass-breaking', 'withheld', 18)
"""

from __future__ import annotations

from typing import Final

from clairvoie.boundary.hazards import NOISE_SOURCES, UNTRAINED_SOURCES

OUTPUTS: Final = (
    "glass-breaking",
    "firework",
    *(source.value for source in NOISE_SOURCES if source not in UNTRAINED_SOURCES),
    "withheld",
)
"""The order of the network's outputs. ``alarm`` and ``horn`` serve their hazards and their sources alike."""

TEACHES: Final[dict[str, tuple[str, ...]]] = {
    "glass_breaking": ("glass-breaking",),
    "fireworks": ("firework",),
    "engine": ("traffic",),
    "car_horn": ("horn",),
    "siren": ("siren",),
    "train": ("rail",),
    "airplane": ("aircraft",),
    "helicopter": ("aircraft",),
    "chainsaw": ("works",),
    "hand_saw": ("works",),
    "clock_alarm": ("alarm",),
    "church_bells": ("bells",),
    "dog": ("dog",),
    "rain": ("rain",),
    "wind": ("wind",),
    "thunderstorm": ("thunder",),
    "sea_waves": ("water",),
    **dict.fromkeys(
        ("cat", "chirping_birds", "cow", "crickets", "crow", "frog", "hen", "insects", "pig", "rooster", "sheep"),
        ("animal",),
    ),
    **dict.fromkeys(
        ("can_opening", "clock_tick", "crackling_fire", "door_wood_creaks", "door_wood_knock", "keyboard_typing",
         "mouse_click", "pouring_water", "toilet_flush", "vacuum_cleaner", "washing_machine", "water_drops"),
        ("other",),
    ),
    **dict.fromkeys(
        ("crying_baby", "sneezing", "clapping", "breathing", "coughing", "footsteps", "laughing", "brushing_teeth",
         "snoring", "drinking_sipping", "speech"),
        ("withheld",),
    ),
}  # fmt: skip
"""Class of ESC-50, or ``speech`` -> outputs that it is an example for."""

SYNTHETIC: Final[dict[str, tuple[str, ...]]] = {
    "alarm": ("alarm",),
    "babble": ("withheld",),
    "bang": (),
    "beeps": ("other",),
    "bells": ("bells",),
    "birds": ("animal",),
    "clink": ("other",),
    "door-slam": ("other",),
    "drill": ("works",),
    "engine": ("traffic",),
    "firework": ("firework",),
    "glass-breaking": ("glass-breaking",),
    "horn": ("horn",),
    "impacts": ("other",),
    "keys": ("other",),
    "passing-car": ("traffic",),
    "rain": ("rain",),
    "traffic": ("traffic",),
    "two-tone-siren": ("siren",),
    "wail-siren": ("siren",),
    "wind": ("wind",),
}
"""Sound that the laboratory makes itself -> outputs. A bang alone is no example for anything, nor against fireworks."""

UNSURE: Final[dict[str, tuple[str, ...]]] = {
    "glass_breaking": ("other",),
    "glass-breaking": ("other",),
    "fireworks": ("other", "thunder"),
    "firework": ("other", "thunder"),
    "bang": ("other", "firework", "thunder"),
    "thunderstorm": ("rain", "wind"),
    "rain": ("water", "wind"),
    "wind": ("rain", "water"),
    "sea_waves": ("wind", "animal"),
    "pouring_water": ("water", "rain"),
    "toilet_flush": ("water", "rain"),
    "water_drops": ("water", "rain"),
    "vacuum_cleaner": ("works", "traffic"),
    "washing_machine": ("traffic",),
    "crackling_fire": ("rain",),
    "train": ("bells", "horn", "traffic"),
    "car_horn": ("traffic", "alarm"),
    "siren": ("traffic", "alarm", "horn"),
    "clock_alarm": ("siren",),
    "church_bells": ("traffic", "withheld"),
    "chirping_birds": ("water", "wind", "traffic"),
    "insects": ("wind",),
    "footsteps": ("other", "animal"),
    "laughing": ("other",),
    "babble": ("other",),
    "beeps": ("alarm", "siren"),
}
"""Class -> outputs that its recordings may well hold too, so that they teach nothing about them."""

BACKGROUND_TEACHES: Final[dict[str, tuple[str, ...]]] = {
    "rain": ("rain",),
    "train": ("rail",),
    "alarmclock-thunder": ("thunder",),
    "alarmclock-wind": ("wind",),
}
TRAIN_BACKGROUNDS: Final = ("rain", "alarmclock-wind", "alarmclock-thunder", "bikes", "train", "hum")
TEST_BACKGROUNDS: Final = ("city", "alarmclock-city", "storm", "wind", "coffee-shop", "footsteps", "fireplace")
STEADY: Final = frozenset(
    {"rain", "wind", "sea_waves", "engine", "train", "airplane", "helicopter", "vacuum_cleaner", "washing_machine",
     "crickets", "insects", "chirping_birds", "crackling_fire", "passing-car", "traffic", "babble"}
)  # fmt: skip
"""Classes that also serve as backgrounds."""

TRAIN_SPEECH: Final = ("en-1", "fr-1", "en-librispeech-1", "en-librispeech-2")
"""Spoken sentences that may be learned from; the others, and all digits, are for tests."""
EXCLUDED_IDS: Final = frozenset({"131943", "134049"})
"""Freesound ids that cross the folds of ESC-50."""
