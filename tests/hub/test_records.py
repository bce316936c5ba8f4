"""Exactly once: whatever is delivered again, in whatever batches, the store holds each record and each effect once."""

from __future__ import annotations

import pytest
from hub_street import begin, end
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from clairvoie.boundary.bulletin import (
    EVENT_ABSENT_MILLIBITS,
    Bulletin,
    HourIndicators,
    MinuteIndicators,
    MinuteOctaves,
    MinuteState,
    TenMinuteThirds,
    charge,
)
from clairvoie.boundary.hazards import HazardKind, Health, Mode, NoiseSource
from clairvoie.boundary.units import OCTAVE
from clairvoie.boundary.wire import MinuteParts, bulletins_of, decode_record
from clairvoie.errors import Refusal
from clairvoie.hub import schema

TABLES = (schema.records, schema.detections, schema.minutes, schema.incidents, schema.transitions)


def counts(running) -> dict[str, int]:
    with running.hub.store.reading() as connection:
        return {t.name: connection.execute(select(func.count()).select_from(t)).scalar_one() for t in TABLES}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_redelivery_in_any_batches_changes_nothing(running, street, data) -> None:
    street.clock.at += 1000  # another quarter of an hour: a fresh incident each time
    street.sequences.setdefault("mic-a", 0)
    first = int(street.clock()) // 60 * 60 - 60
    number = street.sequences["mic-a"]
    sent = [
        street.events("mic-a", begin(number)),
        street.minute("mic-a", first),
        street.events("mic-a", end(number)),
    ]
    running.store(*sent)
    after = counts(running)
    said = running.desk.said_by_minute("mic-a", first, first + 120)
    again = data.draw(st.lists(st.sampled_from(sent), min_size=1, max_size=6))
    with pytest.raises(Refusal) as refusal:
        running.store(*again)
    assert refusal.value.code == "already-stored"
    assert counts(running) == after
    assert running.desk.said_by_minute("mic-a", first, first + 120) == said


def test_new_and_stored_records_mix(running, street) -> None:
    one, two = street.events("mic-a", begin(1)), street.events("mic-a", begin(2))
    assert running.store(one).accepted == 1
    stored = running.store(one, two, two)
    assert (stored.accepted, stored.duplicates) == (1, 2)


def test_equivocation_stores_nothing_and_says_which(running, street) -> None:
    running.store(street.events("mic-a", begin(1)))
    other = street.events("mic-a", begin(9), sequence=1)
    fresh = street.events("mic-b", begin(1))
    with pytest.raises(Refusal) as refusal:
        running.store(fresh, other)
    assert (refusal.value.code, refusal.value.index) == ("equivocation", 1)
    assert counts(running)["records"] == 1


def test_two_records_with_one_identity_in_one_upload_are_equivocation(running, street) -> None:
    one, two = street.events("mic-a", begin(1), sequence=1), street.events("mic-a", begin(2), sequence=1)
    with pytest.raises(Refusal) as refusal:
        running.store(one, two)
    assert refusal.value.code == "equivocation"
    assert counts(running)["records"] == 0


def test_records_are_known_again_after_a_restart(running, street, settings) -> None:
    from clairvoie.hub.hub import Hub
    from clairvoie.server.application import task_of

    envelope = street.events("mic-a", begin())
    running.store(envelope)
    running.hub.close()
    again = Hub(task_of(settings), running.clock, running.ledger)
    again.begin()
    try:
        with pytest.raises(Refusal) as refusal:
            again.file(again._examine(_batch(envelope))).result(timeout=30)
        assert refusal.value.code == "already-stored"
        assert again.tallies.stored("mic-a") == 1
        assert again.tallies.kinds("mic-a") == ((HazardKind.GLASS_BREAKING, Mode.LIVE),)
    finally:
        again.close()


def _batch(envelope) -> bytes:
    from clairvoie.boundary.signed import encode_batch

    return encode_batch((envelope,))


def test_a_minute_is_read_back_as_it_was_released(running, street) -> None:
    start = int(street.clock()) // 3600 * 3600 - 600
    parts = (
        MinuteIndicators(lceq=100, lafmax=120, lcpeak=283, l10=90, l50=80, l90=70),
        MinuteOctaves(levels=(1, 2, 3, 4, 5, 6, 7, 8, 236)),
        MinuteState(sources=(5, 0, 17), valid_seconds=61, overloads=2, windy=1, health=0, drops=1, refusals=7),
    )
    envelopes = [street.minute("mic-a", start + 60 * k, 60.0 + k, parts=parts if k == 1 else ()) for k in range(3)]
    running.store(*envelopes)
    row = next(r for r in running.desk.levels("mic-a", start, start + 180) if r.minute == start)
    assert row.tens == (60.0, 60.0, 60.0, 60.0, 60.0, 61.0)  # the last ten leaves two seconds into the next minute
    assert (row.lceq, row.lafmax, row.lcpeak) == (69.5, 79.5, 161.0)
    assert (row.l10, row.l50, row.l90) == (64.5, 59.5, 54.5)
    assert row.octaves == tuple(OCTAVE.decode(code) for code in parts[1].levels)
    assert row.sources == ((NoiseSource.TRAFFIC, 0.625), (NoiseSource.SIREN, 0.125))
    assert (row.valid_seconds, row.overloads, row.windy, row.health) == (60, 1, True, Health.FINE)
    assert (row.drops, row.refusals) == (0, 6)
    said = running.desk.said_by_minute("mic-a", start, start + 240)
    for envelope, minute in zip(envelopes, said, strict=False):
        released = sum(charge(b).scheduled for b in bulletins_of(decode_record(envelope.body).content))
        assert minute.millibits == released + 60 * EVENT_ABSENT_MILLIBITS
    assert said[3].millibits is None


def test_thirds_belong_to_the_minute_that_ends_their_ten_minutes(running, street) -> None:
    from clairvoie.hub.minutes import thirds_of

    start = int(street.clock()) // 600 * 600 - 600
    running.store(street.minute("mic-a", start, parts=(TenMinuteThirds(low=(1,) * 14, high=(127,) * 14),)))
    table = schema.minutes.c
    with running.hub.store.reading() as connection:
        codes = {r.minute: r.codes for r in connection.execute(select(table.minute, table.codes))}
    assert thirds_of(codes[start]) is None
    assert thirds_of(codes[start - 60]) == (5.0,) * 14 + (131.0,) * 14


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (1,)])
def test_an_hour_belongs_to_its_last_minute_whatever_comes_first(running, street, order) -> None:
    """Thirds lie in the same row; which record comes first is up to the line."""
    from clairvoie.hub.minutes import thirds_of

    ending = int(street.clock()) // 3600 * 3600
    parts = (
        TenMinuteThirds(low=(1,) * 14, high=(127,) * 14),
        HourIndicators(harmonica=54, intermittency=42, events=63, coverage=6),
    )
    for number in order:
        bulletin = Bulletin(sensor="mic-a", second=ending + (35, 45)[number], scheduled=(parts[number],))
        running.store(street.envelope(MinuteParts(sensor="mic-a", minute=ending, bulletins=(bulletin,))))
    (row,) = running.desk.hours("mic-a", ending - 60, ending)
    assert (row.sensor, row.hour, row.events, row.many) == ("mic-a", ending - 3600, 62, True)
    assert (row.harmonica, row.intermittency, row.coverage) == (pytest.approx(5.3), 41.0, 0.75)
    assert running.desk.hours("mic-a", ending, ending + 60) == ()
    assert running.desk.hours("mic-b", ending - 60, ending) == ()
    with running.hub.store.reading() as connection:
        (codes,) = connection.execute(select(schema.minutes.c.codes).where(schema.minutes.c.minute == ending - 60))
    assert thirds_of(codes[0]) == ((5.0,) * 14 + (131.0,) * 14 if 0 in order else None)


def test_an_hour_of_which_nothing_is_known_is_no_hour(running, street) -> None:
    ending = int(street.clock()) // 3600 * 3600
    absent = HourIndicators(harmonica=0, intermittency=0, events=0, coverage=0)
    running.store(street.minute("mic-a", ending, parts=(absent,)))
    assert running.desk.hours("mic-a", ending - 7200, ending + 60) == ()


def test_an_end_refines_its_detection(running, street) -> None:
    running.store(street.events("mic-a", begin(3, confidence=0.5, level=70.0)))
    running.store(street.events("mic-a", end(3, confidence=1.0, level=64.0), second=int(street.clock())))
    (view,) = running.desk.detections(start=0, end=2**33)
    assert view.offset == pytest.approx(street.clock() + 0.9)
    assert (view.confidence, view.level) == (1.0, 70.0)


def test_an_end_without_begin_is_stored_and_changes_nothing(running, street) -> None:
    running.store(street.events("mic-a", end(3)))
    assert counts(running)["records"] == 1
    assert running.desk.detections(start=0, end=2**33) == ()
