"""Trusted time and leave against a hostile uplink and a hostile hub: replayed, altered, reordered, foreign, late."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from clairvoie.boundary.authorisation import LONGEST_LEASE_SECONDS
from clairvoie.boundary.document import LEASE_TYPE, SignedDocument, add_signature, unsigned
from clairvoie.boundary.lease import Lease, encode_lease
from clairvoie.egress import trusted
from clairvoie.egress.trusted import CLOCK_TOLERANCE, LONGEST_ROUND_TRIP, Outcome, Silence, Time, Trust
from clairvoie.lab.leave import exercise_authorisation, make_leave

NOW = 1_800_000_000.0
SECONDS = 300
LEAVE = make_leave("town", exercise=False)
FOREIGN = make_leave("town", exercise=False)
ACT = LEAVE.signed(exercise_authorisation("town", ["mic-1"], exercise=False, lease_seconds=SECONDS))
SUSPENSION = LEAVE.suspended(ACT, int(NOW) + 50)
NONCE = bytes(16)


def lease(
    nonce: bytes = NONCE, issued: float = NOW, documents: tuple[SignedDocument, ...] = (ACT,), *,
    seconds: int = 900, node: str = "node-1", deployment: str = "town", key: object = LEAVE.leases,
) -> SignedDocument:  # fmt: skip
    body = Lease(deployment=deployment, node=node, issued=issued, seconds=seconds, nonce=nonce, documents=documents)
    return add_signature(unsigned(LEASE_TYPE, encode_lease(body)), key)  # type: ignore[arg-type]


def admit(trust: Trust, document: SignedDocument, moment: float) -> tuple[Trust, Outcome]:
    return trusted.admit(LEAVE.charter, "node-1", trust, document, moment)


def with_lease(asked: float = 100.0, answered: float = 100.2, **about: object) -> Trust:
    trust, outcome = admit(trusted.ask(Trust(), NONCE, asked), lease(**about), answered)  # type: ignore[arg-type]
    assert outcome is Outcome.LEAVE
    return trust


def test_a_lease_gives_time_within_half_its_round_trip_and_leave_from_the_moment_of_asking() -> None:
    trust = with_lease()
    time = trusted.leave_at(trust, 100.2, NOW)
    assert isinstance(time, Time)
    assert time.latest - time.earliest == pytest.approx(0.2)
    assert (time.latest + time.earliest) / 2 == pytest.approx(NOW + 0.1)
    assert isinstance(trusted.leave_at(trust, 100.0 + SECONDS - 0.01, NOW + SECONDS), Time)
    assert trusted.leave_at(trust, 100.0 + SECONDS, NOW + SECONDS) is Silence.LAPSED


@pytest.mark.parametrize("seconds", [1, 60, 10**9])
def test_leave_lasts_as_long_as_the_shortest_of_lease_act_and_a_day(seconds: int) -> None:
    assert trusted.duration(with_lease(seconds=seconds)) == min(seconds, SECONDS, LONGEST_LEASE_SECONDS)


@pytest.mark.parametrize(
    ("document", "outcome"),
    [
        (lease(key=FOREIGN.leases), Outcome.NOT_SIGNED),
        (lease(node="node-2"), Outcome.FOREIGN),
        (lease(deployment="other"), Outcome.FOREIGN),
        (lease(nonce=bytes(15) + b"\x01"), Outcome.NEWS),
        (lease(nonce=b"", documents=()), Outcome.PUSH),
        (ACT, Outcome.NOT_SIGNED),
        (replace(lease(), payload="AAAA"), Outcome.NOT_SIGNED),
        (add_signature(unsigned(LEASE_TYPE, b"{}"), LEAVE.leases), Outcome.MALFORMED),
    ],
)
def test_what_is_not_a_fresh_lease_for_this_node_gives_no_leave(document: SignedDocument, outcome: Outcome) -> None:
    trust, found = admit(trusted.ask(Trust(), NONCE, 100.0), document, 100.1)
    assert found is outcome
    assert trusted.leave_at(trust, 100.2, NOW) is Silence.NO_LEASE


def test_a_lease_counts_once_and_a_slow_one_not_at_all() -> None:
    trust = with_lease()
    again, outcome = admit(trust, lease(issued=NOW + 250), 350.0)
    assert outcome is Outcome.PUSH
    assert again.held == trust.held
    slow, outcome = admit(trusted.ask(Trust(), NONCE, 100.0), lease(), 100.1 + LONGEST_ROUND_TRIP)
    assert (slow.held, outcome) == (None, Outcome.SLOW)


def test_a_push_narrows_and_never_widens_and_a_suspension_is_not_forgotten() -> None:
    trust, _ = admit(trusted.ask(Trust(), NONCE, 100.0), lease(documents=()), 100.1)
    assert trusted.leave_at(trust, 100.2, NOW) is Silence.NO_AUTHORISATION
    widened, outcome = admit(trust, lease(nonce=b"", documents=(ACT,)), 100.3)
    assert (widened.standing.acts, outcome) == ((), Outcome.NEWS)
    narrowed, _ = admit(with_lease(), lease(nonce=b"", documents=(SUSPENSION,)), 101.0)
    silent, _ = admit(trusted.ask(narrowed, b"n" * 16, 102.0), lease(nonce=b"n" * 16), 102.1)
    kept = trusted.restored(LEAVE.charter, trusted.stored(silent, "boot"), "boot", 103.0)
    assert [len(act.suspensions) for act in kept.standing.acts] == [1]


def test_documents_are_believed_for_their_own_signatures_and_kept_once() -> None:
    forged = FOREIGN.signed(exercise_authorisation("town", ["mic-1"], exercise=False))
    alone = LEAVE.signed(exercise_authorisation("town", ["mic-1"], exercise=False, number=2), by=("dpo",))
    padded = add_signature(ACT, FOREIGN.leases)
    trust = with_lease(documents=(forged, alone, padded, ACT))
    assert [act.authorisation.number for act in trust.standing.acts] == [1]
    assert len(trust.documents) == 1
    assert len(trust.documents[0].signatures) == 2


def test_time_that_steps_back_is_silence_until_it_has_passed() -> None:
    trust = with_lease()
    time = trusted.leave_at(trust, 200.0, NOW + 100)
    assert isinstance(time, Time)
    trust = trusted.passed(trust, time)
    back, _ = admit(trusted.ask(trust, b"n" * 16, 200.0), lease(nonce=b"n" * 16, issued=NOW + 40), 200.2)
    assert trusted.leave_at(back, 200.3, NOW + 40) is Silence.BACKWARDS
    assert isinstance(trusted.leave_at(back, 262.0, NOW + 102), Time)


@pytest.mark.parametrize("away", [-60.0, -CLOCK_TOLERANCE - 1, CLOCK_TOLERANCE + 1, 3600.0])
def test_a_node_whose_clock_disagrees_is_silent(away: float) -> None:
    assert trusted.leave_at(with_lease(), 101.0, NOW + 1 + away) is Silence.CLOCK


def test_a_boot_loses_the_lease_and_keeps_documents_and_the_mark() -> None:
    trust = trusted.passed(with_lease(), Time(NOW, NOW))
    same = trusted.restored(LEAVE.charter, trusted.stored(trust, "one"), "one", 150.0)
    assert (same.held, same.broken) == (trust.held, trust.broken)
    other = trusted.restored(LEAVE.charter, trusted.stored(trust, "one"), "two", 3.0)
    assert (other.held, other.highest, other.standing) == (None, NOW, trust.standing)


def test_leave_is_unbroken_only_when_it_was_renewed_before_it_ended() -> None:
    trust = with_lease()
    renewed, _ = admit(trusted.ask(trust, b"n" * 16, 300.0), lease(nonce=b"n" * 16, issued=NOW + 200), 300.1)
    assert renewed.broken == trust.broken
    late, _ = admit(trusted.ask(trust, b"n" * 16, 401.0), lease(nonce=b"n" * 16, issued=NOW + 301), 401.1)
    assert late.broken == 401.1


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_whatever_hub_and_uplink_do_leave_comes_from_a_fresh_nonce_ends_in_time_and_time_never_goes_back(
    seed: int,
) -> None:
    chance = random.Random(seed)
    trust, moment, wall = Trust(), 100.0, NOW
    asked: dict[bytes, float] = {}
    sent: list[SignedDocument] = []
    latest_asked, suspended, earliest = float("-inf"), False, 0.0
    for _ in range(60):
        step = chance.choice((0.1, 1.0, 4.0, 80.0))
        moment, wall = moment + step, wall + step
        act = chance.randrange(4)
        if act == 0:
            nonce = chance.randbytes(16)
            trust, asked[nonce] = trusted.ask(trust, nonce, moment), moment
        elif act == 1 and sent:
            trust, _ = admit(trust, chance.choice(sent), moment)  # replayed or held back
        else:
            document = lease(
                chance.choice([b"", chance.randbytes(16), *asked]), wall + chance.choice((0.0, 0.0, -90.0, 9e6)),
                chance.choice(((), (ACT,), (ACT, SUSPENSION))), seconds=chance.choice((0, 60, 10**6)),
                node=chance.choice(("node-1", "node-1", "node-2")), key=chance.choice((LEAVE.leases, FOREIGN.leases)),
            )  # fmt: skip
            sent.append(document)
            if chance.random() < 0.7:
                trust, _ = admit(trust, document, moment)
        if trust.held is not None:
            assert trust.held.asked in asked.values()  # nobody but the gate makes a nonce
            assert moment >= trust.held.answered
            assert trust.held.answered - trust.held.asked <= LONGEST_ROUND_TRIP
            assert trust.held.asked >= latest_asked
            latest_asked = trust.held.asked
        found = trusted.leave_at(trust, moment, wall)
        suspended = suspended or any(a.suspensions for a in trust.standing.acts)
        assert suspended == any(a.suspensions for a in trust.standing.acts)
        if isinstance(found, Time):
            assert trust.held is not None
            assert moment - trust.held.asked < min(SECONDS, LONGEST_LEASE_SECONDS)
            assert earliest <= found.earliest <= found.latest
            earliest, trust = found.earliest, trusted.passed(trust, found)
