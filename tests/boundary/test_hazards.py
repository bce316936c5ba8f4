"""The closed lists hold no voice, no shot "as such", no person."""

from __future__ import annotations

from clairvoie.boundary.hazards import HAZARD_KINDS, NOISE_SOURCES, SEVERITY, SOUND_HAZARDS, HazardKind

NEVER = ("voice", "speech", "shout", "scream", "cry", "shot", "gun", "loiter", "face", "person", "plate", "weapon")


def test_no_name_in_a_closed_list_is_of_a_voice_or_a_person() -> None:
    for name in [*HAZARD_KINDS, *NOISE_SOURCES]:
        assert not any(word in name.value for word in NEVER), name


def test_there_are_sixteen_noise_sources_and_each_hazard_has_a_severity() -> None:
    assert len(NOISE_SOURCES) == 16
    assert set(SEVERITY) == set(HAZARD_KINDS)
    assert len(set(SEVERITY.values())) == len(HAZARD_KINDS)


def test_the_order_of_codes_is_frozen() -> None:
    # Codes are positions: a kind inserted in the middle would change the meaning of stored bulletins.
    assert [kind.value for kind in HAZARD_KINDS[:5]] == [
        "glass-breaking",
        "firework",
        "impulse",
        "alarm-sounding",
        "sustained-horn",
    ]
    assert set(HAZARD_KINDS[:5]) == SOUND_HAZARDS
    assert HAZARD_KINDS[-1] is HazardKind.CAMERA_FAULT
