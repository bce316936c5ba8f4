"""What ``listen`` gathers of a recording: hours, a whole day, and what it calls each of them."""

from __future__ import annotations

import datetime
import wave
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from clairvoie.boundary.hazards import NoiseSource
from clairvoie.capture.recording import Recording
from clairvoie.cli.hearing import Hearing
from clairvoie.cli.listen_json import line_object, summary_object
from clairvoie.detect.sound.indicators_hour import HourIndicators
from clairvoie.detect.sound.levels import SecondLevels
from clairvoie.detect.sound.noise_events import NoiseEvent

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))
    return Recording(path)


def second(t_end: int, level: float) -> SecondLevels:
    return SecondLevels(float(t_end), 1.0, level, level, level, level, level, True, False, (level,) * 8)


def test_each_hour_has_a_line_and_the_last_if_enough_of_it_was_heard(recording: Recording) -> None:
    hearing = Hearing(recording, calibration=120.0, model=None)
    lines = [line for t in range(1, 3601) for line in hearing.take(second(t, 60.0))]
    hearing.take(NoiseEvent(NoiseSource.RAIL, 3590.0, 5.0, 80.0, 75.0, 60.0))
    lines += [line for t in range(3601, 3600 + 2800) for line in hearing.take(second(t, 80.0))]
    lines += hearing.finish()
    hours = [line for line in lines if isinstance(line, HourIndicators)]
    assert [(hour.end, hour.events) for hour in hours] == [(3600, 0), (7200, 1)]
    made = line_object(hours[0], "dB")
    assert (made["type"], made["t"], made["laeq"], made["coverage"]) == ("hour", 3600.0, 60.0, 1.0)
    assert made["harmonica"] == pytest.approx(6.0)
    assert summary_object(hearing)["harmonica"] == pytest.approx((6.0 + 10.0) / 2)
    assert summary_object(hearing)["noise_events"] == 1


def test_a_short_rest_is_no_hour(recording: Recording) -> None:
    hearing = Hearing(recording, calibration=None, model=None)
    for t in range(1, 2600):
        hearing.take(second(t, 60.0))
    assert hearing.finish() == []
    assert summary_object(hearing)["harmonica"] is None


def test_a_day_has_lden_where_its_beginning_is_known(recording: Recording) -> None:
    start = datetime.datetime(2026, 11, 22, 12, tzinfo=PARIS)
    hearing = Hearing(recording, calibration=120.0, model=None, start=start)
    unknown = Hearing(recording, calibration=120.0, model=None)
    for minute in range(1, 1441):
        one = SecondLevels(60.0 * minute, 60.0, *(60.0,) * 5, True, False, (60.0,) * 8)
        hearing.levels.append(one)
        unknown.levels.append(one)
    made = summary_object(hearing)
    assert made["lden"] == pytest.approx(66.4, abs=0.05)
    assert (made["lday"], made["levening"], made["lnight"]) == (60.0, 60.0, 60.0)
    assert made["day_coverage"] == [1.0, 1.0, 1.0]
    assert summary_object(unknown)["lden"] is None
