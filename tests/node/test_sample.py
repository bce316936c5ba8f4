"""Which acknowledged records are asked for: one of each stretch, any as likely as another, and never without bound."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clairvoie.boundary.bulletin import EVENT_ABSENT_MILLIBITS, ImpulseEvent, event_millibits
from clairvoie.boundary.signed import RECORD_DOMAIN, encode_envelope, sign
from clairvoie.boundary.wire import Record, SecondEvents, encode_body
from clairvoie.errors import MalformedMessage
from clairvoie.node.sample import ASK_AFTER, MOST_WAITING, Sample

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
NOW = 1_800_000_000.0


def envelope(sequence: int) -> bytes:
    event = ImpulseEvent(identifier=sequence, mode=0, age=1, sigma=0, level=1)
    content = SecondEvents(sensor="mic-1", second=int(NOW), events=(event,))
    body = encode_body(Record(sequence=sequence, content=content))
    about = {"deployment": "town", "node": "node-1", "epoch": 3, "sensor": "mic-1"}
    return encode_envelope(sign(KEY, domain=RECORD_DOMAIN, sequence=sequence, body=body, **about))  # type: ignore[arg-type]


ENVELOPES = [envelope(n) for n in range(1, 101)]


def test_one_record_of_a_stretch_is_asked_for_when_its_minute_is_long_over() -> None:
    sample = Sample(lambda _: 0)  # always the last that was offered
    sample.offer(ENVELOPES[:3], NOW)
    assert sample.next(NOW + 60) is None
    sample.offer(ENVELOPES[3:5], NOW + 60)
    assert sample.next(NOW + 120) is None
    record = sample.next(NOW + ASK_AFTER)
    assert record is not None
    assert (record.sensor, record.epoch, record.sequence, record.acknowledged) == ("mic-1", 3, 3, NOW)
    assert record.millibits == EVENT_ABSENT_MILLIBITS + event_millibits(ImpulseEvent)
    assert sample.next(NOW + ASK_AFTER) is None
    again = sample.next(NOW + 60 + ASK_AFTER)
    assert again is not None
    assert again.sequence == 5
    sample.put_back(again)
    assert sample.next(NOW + 1000) == again
    assert len(sample) == 0


def test_each_record_of_a_stretch_is_as_likely_as_any_other() -> None:
    chance = random.Random(4)
    found = Counter[int]()
    for _ in range(600):
        sample = Sample(chance.randrange)
        sample.offer(ENVELOPES[:2], NOW)
        sample.offer(ENVELOPES[2:6], NOW + 1)
        record = sample.next(NOW + 2 * ASK_AFTER)
        assert record is not None
        found[record.sequence] += 1
    assert set(found) == set(range(1, 7))
    assert all(60 < count < 140 for count in found.values()), found  # 100 each: 4.4 standard deviations


def test_no_more_wait_than_the_bound_and_all_can_be_forgotten() -> None:
    sample = Sample(lambda _: 0)
    for number, one in enumerate(ENVELOPES):
        sample.offer([one], NOW + number)
        assert sample.next(NOW + number) is None
    assert len(sample) == MOST_WAITING
    sample.offer(ENVELOPES[:1], NOW)
    sample.forget()
    assert sample.next(NOW + 10 * ASK_AFTER) is None


def test_a_damaged_envelope_is_told_once() -> None:
    sample = Sample(lambda _: 0)
    sample.offer([b"rubbish"], NOW)
    with pytest.raises(MalformedMessage):
        sample.next(NOW)
    assert sample.next(NOW + ASK_AFTER) is None
