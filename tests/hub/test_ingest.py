"""The rule of belief, and that whatever is not believed leaves nothing behind."""

from __future__ import annotations

import asyncio

import pytest
from hub_street import begin
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from clairvoie.boundary.signed import TICK_DOMAIN, Envelope, encode_batch, encode_envelope
from clairvoie.boundary.wire import MinuteParts, Record, SecondEvents, encode_body
from clairvoie.errors import MalformedMessage, Refusal
from clairvoie.hub import schema
from clairvoie.hub.ingest import Accept, Duplicate, Facts, Judgement, judge
from clairvoie.hub.refusals import STATUS, Code

FIXTURES = [HealthCheck.function_scoped_fixture]


def judged(running, envelope: Envelope, stored: bytes | None = None) -> Judgement:
    return judge(envelope, Facts(running.hub.enrolment, running.clock(), stored))


def code_of(judgement: Judgement) -> str:
    assert isinstance(judgement, Refusal), judgement
    assert judgement.status == STATUS[Code(judgement.code)]
    return judgement.code


def count(running, table=schema.records) -> int:
    with running.hub.store.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_true_record_is_accepted_known_or_equivocated(running, street) -> None:
    envelope = street.events("mic-a", begin())
    accepted = judged(running, envelope)
    assert isinstance(accepted, Accept)
    assert judged(running, envelope, accepted.digest) == Duplicate(("mic-a", 0, 1))
    assert code_of(judged(running, envelope, b"other bytes")) == "equivocation"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"deployment": "elsewhere"}, "unknown-deployment"),
        ({"node": "node-9"}, "unknown-node"),
        ({"sensor": "mic-z"}, "unknown-sensor"),
        ({"sensor": "mic-c", "node": "node-1"}, "unknown-sensor"),
        ({"epoch": 1}, "wrong-epoch"),
        ({"key": "node-2"}, "bad-signature"),
        ({"domain": TICK_DOMAIN}, "invalid-content"),
        ({"sequence": 2}, "invalid-content"),
        ({"sensor": "mic-b"}, "invalid-content"),
        ({"body": b"\x01\xc1"}, "malformed"),
        ({"body": b""}, "malformed"),
        ({"body": b"\x07abc"}, "unsupported-version"),
    ],
)
def test_each_lie_has_its_code(running, street, changes, code) -> None:
    content = SecondEvents(sensor="mic-a", second=int(running.clock()) - 1, events=(begin(),))
    body = encode_body(Record(sequence=1, content=content))
    fields = {"sensor": "mic-a", "sequence": 1, "body": body, "node": "node-1", **changes}
    assert code_of(judged(running, street.signed(**fields))) == code


def test_what_lies_ahead_of_the_clock_is_refused(running, street) -> None:
    now = int(running.clock())
    assert isinstance(judged(running, street.events("mic-a", begin(), second=now + 30)), Accept)
    assert code_of(judged(running, street.events("mic-a", begin(), second=now + 31))) == "from-the-future"


def test_a_minute_without_bulletins_and_a_second_over_the_budget_are_refused(running, street) -> None:
    empty = street.envelope(MinuteParts(sensor="mic-a", minute=0, bulletins=()))
    assert code_of(judged(running, empty)) == "invalid-content"
    many = street.events("mic-a", *(begin(n) for n in range(40)))
    assert code_of(judged(running, many)) == "invalid-content"


@pytest.mark.parametrize("identifier", [-1, 2**53, 2**63, 2**64 - 1])
def test_an_identifier_that_the_store_could_not_hold_is_refused(running, street, identifier) -> None:
    assert code_of(judged(running, street.events("mic-a", begin(identifier)))) == "invalid-content"


def upload(running, body: bytes) -> object:
    return asyncio.run(running.hub.take_upload(body))


def test_every_single_bit_of_an_upload_matters(running, street) -> None:
    body = encode_batch((street.events("mic-a", begin()),))
    believed = []
    for index in range(len(body)):
        for bit in range(8):
            altered = bytearray(body)
            altered[index] ^= 1 << bit
            try:
                running.hub._examine(bytes(altered))
            except Refusal:
                continue
            believed.append((index, bit))
    assert believed == []
    assert count(running) == 0


@settings(max_examples=150, deadline=None, suppress_health_check=FIXTURES)
@given(data=st.data())
def test_an_altered_upload_stores_nothing_at_all(running, street, data) -> None:
    street.sequences.clear()
    good = street.events("mic-a", begin())
    other = street.minute("mic-b", int(running.clock()) // 60 * 60 - 60)
    body = bytearray(encode_batch((good, other)))
    index = data.draw(st.integers(0, len(body) - 1))
    body[index] = data.draw(st.integers(0, 255).filter(lambda byte: byte != body[index]))
    with pytest.raises(Refusal) as refusal:
        upload(running, bytes(body))
    assert 400 <= refusal.value.status < 500
    assert count(running) == count(running, schema.detections) == count(running, schema.minutes) == 0


@settings(max_examples=100, deadline=None, suppress_health_check=FIXTURES)
@given(body=st.binary(max_size=2000))
def test_noise_is_malformed(running, body) -> None:
    with pytest.raises(Refusal):
        upload(running, body)
    assert count(running) == 0


def test_one_bad_record_refuses_the_whole_upload_and_says_which(running, street) -> None:
    good = street.events("mic-a", begin())
    bad = street.signed("mic-a", 2, b"\x01\xc1")
    with pytest.raises(Refusal) as refusal:
        upload(running, encode_batch((good, bad)))
    assert (refusal.value.code, refusal.value.index) == ("malformed", 1)
    assert count(running) == 0
    assert [r.code for r in running.desk.refusals()] == ["malformed"]


def test_a_truncated_envelope_is_not_a_frame(running, street) -> None:
    frame = encode_envelope(street.tick())
    with pytest.raises(Refusal) as refusal:
        running.hub.take_frame(frame[:-1])
    assert refusal.value.code == "malformed"
    assert isinstance(refusal.value.__context__, MalformedMessage)
