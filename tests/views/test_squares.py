"""The last minute as sixty squares, each in the place of its second."""

from __future__ import annotations

import pytest
from fake_desk import FakeDesk
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.bulletin import Bulletin
from clairvoie.boundary.reading import SecondSaid
from clairvoie.views.clock import SiteClock
from clairvoie.views.said import Speech
from clairvoie.views.squares import SquareState, squares_of, state_of

SPEECH = Speech("en", SiteClock("Europe/Paris"))


def second(millibits: int, *, heard: bool = True) -> SecondSaid:
    bulletin = Bulletin(sensor="mic-1", second=1_800_000_000) if heard else None
    return SecondSaid(second=1_800_000_000, bulletin=bulletin, millibits=millibits)


@pytest.mark.parametrize(("said", "state"), [
    (second(0, heard=False), SquareState.UNHEARD),
    (second(23), SquareState.NOTHING),
    (second(7_954), SquareState.USED),
    (second(8_000), SquareState.USED),
    (second(8_001), SquareState.BURST),
])  # fmt: skip
def test_a_square_says_how_much_of_eight_bits_was_used(said: SecondSaid, state: SquareState) -> None:
    assert state_of(said) is state


@given(shift=st.integers(min_value=0, max_value=3_600))
def test_sixty_squares_keep_their_places_while_time_passes(shift: int) -> None:
    desk = FakeDesk()
    desk.clock += shift
    squares = squares_of(SPEECH, desk.said("mic-marche"))
    assert [square.position for square in squares] == list(range(60))
    assert [square.second for square in squares if square.newest] == [int(desk.clock) - 1]
    levels = [square for square in squares if any(words.words.startswith("LAeq") for words in square.statements)]
    assert [square.position % 10 for square in levels] == [2] * 6


def test_the_fill_stops_at_eight_bits_and_a_number_says_the_rest() -> None:
    squares = {square.position: square for square in squares_of(SPEECH, FakeDesk().said("mic-marche"))}
    assert (squares[12].fill, squares[12].number) == (pytest.approx(7.95, abs=0.01), "")
    assert (squares[6].fill, squares[6].number) == (8.0, "71")
    assert squares[6].label.startswith("04:04:06, octave levels of the minute to 04:04 in dB: 31.5")
    assert squares[13].label.replace("\u00a0", " ") == "04:03:13, nothing (0.02 bits)"
