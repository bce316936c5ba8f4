"""What a new act widens: where nothing is said to be widened, ``permits`` permits nothing more."""

from __future__ import annotations

import msgspec
import pytest
from generated_acts import NARROWINGS, authorisations, away_from_borders, moments, places, things
from hypothesis import assume, given
from hypothesis import strategies as st

from clairvoie.boundary.authorisation import (
    Authorisation,
    Field,
    LegalText,
    ObservationKind,
    Recipient,
    RecipientKind,
    Retention,
    Thing,
    permits,
)
from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.hours import Hours
from clairvoie.boundary.polygon import Point
from clairvoie.oversight.narrowing import DIMENSIONS, Effect, minutes_of_week, narrowing, widens

A_MODEL = "a" * 64
OLD = Authorisation(
    deployment="town",
    number=1,
    authority="The mayor",
    purpose="Noise",
    legal_texts=(LegalText(title="Deliberation", date="2026-01-05"),),
    impact_assessment="Done",
    starts=1_780_000_000,
    ends=1_790_000_000,
    time_zone="Europe/Paris",
    sensors=("mic-1", "mic-2"),
    polygon=((48.0, 2.0), (48.0, 2.01), (48.01, 2.01), (48.01, 2.0)),
    hazards=(HazardKind.FIRE,),
    hours=(Hours(start="08:00", end="20:00"),),
    models=(A_MODEL,),
    recipients=(Recipient(name="desk", kind=RecipientKind.MACHINE, purpose="To look", fields=(Field.LEVELS,)),),
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Authorisation, Authorisation]:
    """Two acts that are near enough for one to be within the other now and then."""
    old = draw(authorisations())
    new = old
    for name in draw(st.lists(st.sampled_from(sorted(NARROWINGS)), max_size=4)):
        new = NARROWINGS[name](draw, new)
    other = draw(authorisations())
    for name in draw(st.lists(st.sampled_from(("hazards", "sensors", "hours", "polygon", "recipients")), max_size=1)):
        new = msgspec.structs.replace(new, **{name: getattr(other, name)})
    return (old, new) if draw(st.booleans()) else (new, old)


@given(pairs(), things, moments, st.one_of(st.none(), places))
def test_where_nothing_is_widened_nothing_more_is_permitted(
    acts: tuple[Authorisation, Authorisation], thing: Thing, when: float, where: Point | None
) -> None:
    old, new = acts
    assume(where is None or (away_from_borders(old, where) and away_from_borders(new, where)))
    if not widens(old, new) and permits(old, thing, when, where) is not None:
        assert permits(new, thing, when, where) is not None


@pytest.mark.parametrize("name", sorted(NARROWINGS))
@given(data=st.data(), act=authorisations())
def test_a_narrowing_is_never_called_a_widening(name: str, data: st.DataObject, act: Authorisation) -> None:
    assert not widens(act, NARROWINGS[name](data.draw, act))


@given(authorisations())
def test_an_act_does_not_differ_from_itself(act: Authorisation) -> None:
    assert narrowing(act, act) == ()


DESK = OLD.recipients[0]
CASES: list[tuple[str, dict[str, object], Effect]] = [
    ("hazards", {"hazards": (HazardKind.FIRE, HazardKind.SMOKE)}, Effect.WIDENS),
    ("hazards", {"hazards": ()}, Effect.NARROWS),
    ("observations", {"observations": tuple(ObservationKind)}, Effect.WIDENS),
    ("sensors", {"sensors": ("mic-1", "mic-2", "mic-3")}, Effect.WIDENS),
    ("sensors", {"sensors": ("mic-1",)}, Effect.NARROWS),
    ("models", {"models": (A_MODEL, "b" * 64)}, Effect.WIDENS),
    ("models", {"models": ("b" * 64,)}, Effect.WIDENS),
    ("models", {"models": ()}, Effect.WIDENS),
    ("recipients", {"recipients": ()}, Effect.NARROWS),
    ("recipients", {"recipients": (DESK, msgspec.structs.replace(DESK, name="other"))}, Effect.WIDENS),
    (
        "recipients",
        {"recipients": (msgspec.structs.replace(DESK, fields=(Field.LEVELS, Field.SOURCES)),)},
        Effect.WIDENS,
    ),
    ("recipients", {"recipients": (msgspec.structs.replace(DESK, kind=RecipientKind.PERSON),)}, Effect.WIDENS),
    ("recipients", {"recipients": (msgspec.structs.replace(DESK, purpose="{Another}"),)}, Effect.CHANGES),
    ("polygon", {"polygon": ((48.0, 2.0), (48.0, 2.02), (48.01, 2.02), (48.01, 2.0))}, Effect.WIDENS),
    ("polygon", {"polygon": ((48.0, 2.0), (48.0, 2.01), (48.01, 2.01))}, Effect.NARROWS),
    ("hours", {"hours": (Hours(),)}, Effect.WIDENS),
    ("hours", {"hours": (Hours(start="09:00", end="20:00"),)}, Effect.NARROWS),
    ("time_zone", {"time_zone": "Europe/London"}, Effect.WIDENS),
    ("starts", {"starts": OLD.starts - 1}, Effect.WIDENS),
    ("starts", {"starts": OLD.starts + 1}, Effect.NARROWS),
    ("ends", {"ends": OLD.ends + 1}, Effect.WIDENS),
    ("ends", {"ends": OLD.ends - 1}, Effect.NARROWS),
    ("retention", {"retention": Retention(levels_days=366)}, Effect.WIDENS),
    ("retention", {"retention": Retention(records_days=1)}, Effect.NARROWS),
    ("lease_seconds", {"lease_seconds": 901}, Effect.WIDENS),
    ("lease_seconds", {"lease_seconds": 1}, Effect.NARROWS),
    ("exercise", {"exercise": True}, Effect.WIDENS),
    ("purpose", {"purpose": "Something {else}"}, Effect.CHANGES),
    ("legal_texts", {"legal_texts": (*OLD.legal_texts, LegalText(title="B", date="2026-02-01"))}, Effect.CHANGES),
]


@pytest.mark.parametrize(("dimension", "changed", "effect"), CASES)
def test_each_difference_is_named_with_its_effect(dimension: str, changed: dict[str, object], effect: Effect) -> None:
    found = narrowing(OLD, msgspec.structs.replace(OLD, **changed))
    assert {difference.dimension for difference in found} == {dimension}
    assert found[0].effect is effect  # widenings come first
    for difference in found:
        for language in ("en", "fr"):
            assert difference.what.to(language).startswith(DIMENSIONS[dimension].to(language))


def test_every_field_of_an_act_is_compared() -> None:
    assert set(DIMENSIONS) == set(Authorisation.__struct_fields__) - {"version", "deployment", "number"}
    assert {dimension for dimension, _, _ in CASES} | {"authority", "impact_assessment", "contact"} == set(DIMENSIONS)


def test_to_name_a_recogniser_where_any_could_run_is_narrower() -> None:
    (found,) = narrowing(msgspec.structs.replace(OLD, models=()), OLD)
    assert found.effect is Effect.NARROWS
    assert found.what.to("en") == f"Recognisers: any becomes {A_MODEL}"


def test_words_of_people_may_hold_braces() -> None:
    (found,) = narrowing(OLD, msgspec.structs.replace(OLD, purpose="Noise {0} and {name}"))
    assert "Noise {0} and {name}" in found.what.to("en")


def test_minutes_of_hours_over_midnight_on_sunday_begin_the_week() -> None:
    held = minutes_of_week((Hours(days=(7,), start="23:59", end="00:01"),))
    assert held == {7 * 1440 - 1, 0}
