"""Retention erases what is due and nothing else, and what it erased does not come back."""

from __future__ import annotations

import pytest
from hub_street import begin, end
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.boundary.bulletin import HourIndicators
from clairvoie.boundary.incident import Basis, Outcome
from clairvoie.config import Retention
from clairvoie.errors import Refusal
from clairvoie.hub import schema
from clairvoie.hub.retention import DAY, Limits, due
from clairvoie.server.jobs import retain

SHORT = Retention(levels_days=2, detections_days=3, incidents_days=5, records_days=1)


@given(st.integers(0, 4000), st.integers(0, 4000), st.floats(0, 2**33))
def test_longer_keeping_never_erases_more(days, more, now) -> None:
    def limits(n: int) -> Limits:
        return Limits(levels_days=n, detections_days=n, incidents_days=n, records_days=n)

    sooner, later = due(limits(days), now), due(limits(days + more), now)
    assert later.levels <= sooner.levels
    assert (sooner.levels, sooner.records) == (now - days * DAY, now - days * DAY)


def test_only_what_is_due_is_erased(running, street) -> None:
    start = int(street.clock())
    running.store(street.events("mic-a", begin(1)), street.minute("mic-a", start // 60 * 60 - 60))
    running.desk.close(1, "Claire", Outcome.NOT_VERIFIABLE, Basis.NONE)
    running.desk.write_shift_note("Claire", "calm")

    def rows() -> tuple[int, ...]:
        tables = (schema.records, schema.minutes, schema.detections, schema.incidents, schema.shift_notes)
        return tuple(running.count(table) for table in tables)

    before = rows()
    assert before == (2, 3, 1, 1, 1)
    for days, left in ((0.9, before), (1.1, (0, 3, 1, 1, 1)), (2.1, (0, 0, 1, 1, 1)), (5.1, (0, 0, 0, 0, 0))):
        street.clock.at = start + days * DAY
        retain(running.hub, SHORT)
        assert rows() == left, days


def test_a_detection_without_an_incident_goes_in_its_own_time(running, street) -> None:
    from clairvoie.boundary.hazards import Mode

    running.store(street.events("mic-a", begin(1, mode=Mode.TRIAL)))
    street.clock.at += 3.1 * DAY
    retain(running.hub, SHORT)
    assert running.count(schema.detections) == 0


def test_an_incident_that_nobody_closed_is_never_erased(running, street) -> None:
    running.store(street.events("mic-a", begin(1)))
    street.clock.at += 4000 * DAY
    retain(running.hub, SHORT)
    (kept,) = running.desk.incidents()
    assert len(kept.detections) == 1


def test_an_erased_record_that_is_delivered_again_is_known(running, street) -> None:
    old = [street.events("mic-a", begin(1)), street.events("mic-a", end(1))]
    running.store(*old)
    street.clock.at += 1.1 * DAY
    running.store(street.events("mic-a", begin(2)))
    retain(running.hub, SHORT)
    assert running.count() == 1
    with pytest.raises(Refusal) as refusal:
        running.store(*old)
    assert refusal.value.code == "already-stored"
    assert running.count() == 1
    assert running.store(old[0], street.events("mic-a", end(2))).accepted == 1


def test_a_record_that_came_late_and_is_erased_later_does_not_open_the_way_for_those_after_it(running, street) -> None:
    """It was set aside at its node and sent again days after; who recorded the line could play the others back."""
    late = street.events("mic-a", begin(1), sequence=1)
    early = street.events("mic-a", begin(2), sequence=2)
    running.store(early)
    street.clock.at += 0.5 * DAY
    running.store(late)
    for _ in range(2):
        street.clock.at += 0.6 * DAY
        retain(running.hub, SHORT)
    assert running.count() == 0
    for again in (early, late):
        with pytest.raises(Refusal) as refusal:
            running.store(again)
        assert refusal.value.code == "already-stored"
    assert running.count() == 0


def test_levels_of_one_sensor_do_not_drag_another_s_along(running, street) -> None:
    start = int(street.clock()) // 60 * 60
    running.store(street.minute("mic-a", start - 3 * 86_400), street.minute("mic-b", start - 60))
    retain(running.hub, SHORT)
    assert running.desk.levels("mic-a", start - 5 * 86_400, start + 60) == ()
    assert len(running.desk.levels("mic-b", start - 5 * 86_400, start + 60)) == 2


def test_an_hour_is_erased_with_its_last_minute(running, street) -> None:
    ending = int(street.clock()) // 3600 * 3600
    hour = HourIndicators(harmonica=54, intermittency=42, events=13, coverage=8)
    running.store(
        street.minute("mic-a", ending - 3 * 86_400, parts=(hour,)), street.minute("mic-a", ending, parts=(hour,))
    )
    retain(running.hub, SHORT)
    assert [row.hour for row in running.desk.hours("mic-a", ending - 5 * 86_400, ending)] == [ending - 3600]
