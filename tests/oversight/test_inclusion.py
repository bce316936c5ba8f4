"""The rule by which a node checks its hub: an honest log is never accused, and whatever is altered or left out is."""

from __future__ import annotations

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from small_ledger import NOW, TRUST, SmallLedger, own

from clairvoie.errors import MalformedMessage
from clairvoie.oversight.continuation import FaultKind, KeptLog
from clairvoie.oversight.inclusion import (
    AGAIN_SECONDS,
    LATE_SECONDS,
    Faulty,
    Included,
    Kept,
    Missing,
    OwnRecord,
    Unanswered,
    Verdict,
    judge,
)

LATER = NOW + 180.0
STEPS = st.lists(st.sampled_from(("act", "minute", "ask", "ask", "epoch")), min_size=1, max_size=25)


def ask(ledger: SmallLedger, kept: Kept, record: OwnRecord, now: float = LATER) -> Verdict:
    return judge(TRUST, kept, record, *ledger.answer(record, kept.log), now)


def kept_of(verdict: Verdict) -> Kept:
    assert not isinstance(verdict, Unanswered)
    return verdict.kept


def fault(verdict: Verdict) -> FaultKind:
    assert isinstance(verdict, Faulty), verdict
    return verdict.kind


@pytest.fixture
def ledger() -> SmallLedger:
    """Two minutes of two sensors between acts."""
    made = SmallLedger()
    made.seal(own(1), own(1, "mic-b"), own(2))
    made.act()
    made.seal(own(3), own(2, "mic-b"))
    made.act()
    return made


@given(steps=STEPS, chosen=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_an_honest_log_is_followed_through_whatever_it_grows_by_and_never_accused(
    steps: list[str], chosen: object
) -> None:
    ledger, kept, sealed, epoch = SmallLedger(), Kept(), list[OwnRecord](), 0
    for step in steps:
        if step == "act":
            ledger.act()
        elif step == "minute":
            records = [own(len(sealed) + k) for k in range(1, 1 + chosen.randint(1, 5))]  # type: ignore[attr-defined]
            ledger.seal(*records)
            sealed += records
        elif step == "epoch" and kept.log is not None and epoch == len(ledger.epochs) - 1:
            ledger.begin()  # no more than one between two questions: see the test of a gap
            sealed.clear()
        elif sealed:
            record = chosen.choice(sealed)  # type: ignore[attr-defined]
            verdict = ask(ledger, kept, record)
            assert isinstance(verdict, Included)
            assert verdict.size == len(ledger.epochs[-1].leaves)
            assert bool(verdict.began) == (kept.log is not None and epoch != len(ledger.epochs) - 1)
            assert verdict.cosigners == ("ville.example/w",)
            kept, epoch = verdict.kept, len(ledger.epochs) - 1


def flipped(body: bytes, bit: int) -> bytes:
    data = bytearray(body)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def test_every_altered_byte_of_an_answer_is_refused() -> None:
    """In each byte one bit: refused, or, if it was a witness's, accepted without that witness."""
    ledger = SmallLedger()
    ledger.seal(own(1), own(1, "mic-b"), own(2))
    kept = kept_of(ask(ledger, Kept(), own(1)))
    ledger.act()
    ledger.seal(own(3), own(2, "mic-b"))
    status, body = ledger.answer(own(3), kept.log)
    assert isinstance(judge(TRUST, kept, own(3), status, body, LATER), Included)
    for place in range(len(body)):
        verdict = judge(TRUST, kept, own(3), status, flipped(body, 8 * place + place % 7), LATER)
        if isinstance(verdict, Included):
            assert verdict.cosigners == (), (place, body[place - 20 : place + 20])


def test_a_record_that_is_left_out_is_missed_first_and_a_fault_when_it_is_late(ledger: SmallLedger) -> None:
    gone = own(4)
    first = ask(ledger, Kept(), gone)
    assert isinstance(first, Missing)
    assert first.record.missed == LATER
    ledger.act()
    late = NOW + LATE_SECONDS
    verdict = ask(ledger, first.kept, first.record, late)
    assert fault(verdict) is FaultKind.NOT_INCLUDED
    assert kept_of(verdict).log is not None
    # A first answer, however late, accuses nobody: the hub may have been away until now.
    only = ask(ledger, first.kept, gone, late)
    assert isinstance(only, Missing)
    assert isinstance(ask(ledger, only.kept, only.record, late + AGAIN_SECONDS / 2), Missing)
    assert fault(ask(ledger, only.kept, only.record, late + AGAIN_SECONDS)) is FaultKind.NOT_INCLUDED
    ledger.seal(gone)
    assert isinstance(ask(ledger, only.kept, only.record, late + AGAIN_SECONDS), Included)


@given(before=st.integers(1, 20), after=st.integers(1, 20), fork=st.integers(1, 20))
@settings(deadline=None, max_examples=40)
def test_a_log_that_was_set_back_or_rewritten_is_found(before: int, after: int, fork: int) -> None:
    honest, other = SmallLedger(), SmallLedger()
    honest.seal(own(1))
    for _ in range(before):
        honest.act()
    kept = kept_of(ask(honest, Kept(), own(1)))
    size = len(honest.epochs[-1].leaves)
    other.epochs[-1].leaves += [b"\x01\x01" + bytes([fork]) * 32] * min(fork, size - 1)
    other.seal(own(1))
    while len(other.epochs[-1].leaves) < size + after - before:
        other.act()
    verdict = ask(other, kept, own(1))
    assert fault(verdict) is FaultKind.LOG_SET_BACK
    assert kept_of(verdict) == kept, "what was kept is the proof: it is not given up"


def test_an_epoch_that_has_ended_is_not_shown_again(ledger: SmallLedger) -> None:
    first = ask(ledger, Kept(), own(1))
    ledger.begin()
    ledger.seal(own(4))
    second = ask(ledger, kept_of(first), own(4))
    assert isinstance(second, Included)
    assert second.began == "restored"
    ledger.epochs.pop()
    assert fault(ask(ledger, second.kept, own(1))) is FaultKind.LOG_SET_BACK


def test_a_record_of_the_former_epoch_is_proved_in_the_log_as_it_was_left(ledger: SmallLedger) -> None:
    kept = kept_of(ask(ledger, Kept(), own(1)))
    ledger.act()
    ledger.begin()
    kept = kept_of(ask(ledger, kept, own(2)))
    verdict = ask(ledger, kept, own(3))
    assert isinstance(verdict, Included)
    assert (verdict.index, verdict.size) == (3, 1)
    ledger.epochs[0].leaves.append(ledger.epochs[0].leaves[-1])  # it goes on after its end
    assert fault(ask(ledger, kept, own(3))) is FaultKind.WRONG_PROOF


@pytest.mark.parametrize("what", ["gap", "not named", "another former", "smaller former", "another entry"])
def test_a_new_epoch_that_does_not_follow_is_a_fault(ledger: SmallLedger, what: str) -> None:
    kept = kept_of(ask(ledger, Kept(), own(1)))
    former = ledger.head()
    if what == "smaller former":
        ledger.begin(replace(former, size=former.size - 1).text)
    elif what == "another former":
        ledger.begin(replace(former, root=bytes(32)).text)
    else:
        ledger.begin()
    if what == "gap":
        ledger.begin()
    ledger.seal(own(4))
    status, body = ledger.answer(own(4), kept.log)
    if what == "not named":
        body = msgspec.json.encode(msgspec.json.decode(body) | {"continuation": {"checkpoint": ledger.note()}})
    elif what == "another entry":
        body = body.replace(b'\\"hub\\"', b'\\"Hub\\"')
    assert fault(judge(TRUST, kept, own(4), status, body, LATER)) is FaultKind.NEW_EPOCH


def test_after_a_new_epoch_nothing_that_was_acknowledged_before_is_held_against_the_hub(ledger: SmallLedger) -> None:
    kept = kept_of(ask(ledger, Kept(), own(1)))
    ledger.begin()
    lost = own(9, missed=NOW)
    verdict = ask(ledger, kept, lost, NOW + 2 * LATE_SECONDS)
    assert isinstance(verdict, Missing)
    assert verdict.began == "restored"


def test_another_header_than_what_was_sent_and_charged_is_a_fault(ledger: SmallLedger) -> None:
    ledger.seal(own(5, millibits=1))
    assert fault(ask(ledger, Kept(), own(5))) is FaultKind.OTHER_HEADER
    another = judge(TRUST, Kept(), own(6), *ledger.answer(own(3), None), LATER)
    assert fault(another) is FaultKind.OTHER_HEADER


def test_headers_that_cannot_stand_in_one_chain_are_a_fault(ledger: SmallLedger) -> None:
    kept = kept_of(ask(ledger, Kept(), own(3)))
    before = ledger.heads["mic-a"]
    ledger.heads["mic-a"] = kept.headers["mic-a"].previous
    ledger.seal(own(4))
    assert fault(ask(ledger, kept, own(4))) is FaultKind.OTHER_HEADER
    ledger.heads["mic-a"] = before
    ledger.seal(own(5))
    assert isinstance(ask(ledger, kept, own(5)), Included)
    del ledger.epochs[0].minutes[3]
    ledger.seal(own(3))  # written down again, elsewhere in the chain
    assert fault(ask(ledger, kept, own(3))) is FaultKind.OTHER_HEADER


def test_a_head_by_another_key_or_of_another_log_is_a_fault(ledger: SmallLedger) -> None:
    foreign = SmallLedger(key=Ed25519PrivateKey.from_private_bytes(b"x" * 32))
    foreign.seal(own(1))
    assert fault(ask(foreign, Kept(), own(1))) is FaultKind.BAD_SIGNATURE
    trust = replace(TRUST, deployment="elsewhere")
    assert fault(judge(trust, Kept(), own(1), *ledger.answer(own(1), None), LATER)) is FaultKind.BAD_SIGNATURE


def test_without_witnesses_it_is_told_and_accepted(ledger: SmallLedger) -> None:
    ledger.witnessed = False
    verdict = ask(ledger, Kept(), own(1))
    assert isinstance(verdict, Included)
    assert verdict.cosigners == ()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"<html>not found</html>"),
        (404, b'{"detail":"Not Found"}'),
        (404, b'{"code":"unknown","what":"this hub keeps no ledger"}'),
        (404, b'{"code":"unknown-node","what":"no such node"}'),
        (200, b"{}"),
        (503, b'{"code":"store-unavailable","what":"later"}'),
        (302, b""),
    ],
)
def test_whoever_does_not_know_the_question_is_not_accused(status: int, body: bytes) -> None:
    record = own(1, missed=NOW)
    verdict = judge(TRUST, Kept(), record, status, body, NOW + 100 * LATE_SECONDS)
    assert isinstance(verdict, Unanswered)


def test_what_is_kept_is_a_checkpoint_of_an_epoch(ledger: SmallLedger) -> None:
    assert KeptLog(checkpoint=ledger.note()).head == ledger.head()
    with pytest.raises(MalformedMessage, match="epoch"):
        KeptLog(checkpoint=ledger.note().replace("ledger/0", "ledger/x"))
