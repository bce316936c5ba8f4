"""Accounts in a real store: sign-ins and their pace, sessions, invitations, tokens, proposals, entries."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from fake_ledger import FakeLedger
from hub_street import Clock
from staff import AREAS, CHEAP

from clairvoie.boundary.accounts import (
    AccountChange,
    Grant,
    MachineToken,
    NewPassword,
    Proposal,
    ProposalState,
    SignedIn,
)
from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.person import Caller, CallerKind, Power, Role
from clairvoie.errors import HubError, InvalidValue, NotPermitted, SignInRefused
from clairvoie.hub import accounts_pace
from clairvoie.hub.accounts import Accounts
from clairvoie.hub.accounts_here import HERE, make_account
from clairvoie.hub.accounts_passwords import KIBIBYTES, LANES, PASSES, Passwords
from clairvoie.hub.accounts_proposals import INVITATION_SECONDS
from clairvoie.hub.accounts_sessions import IDLE_SECONDS, LONGEST_SECONDS
from clairvoie.hub.store import Store

PASSWORD = "lantern mortar willow"
ANOTHER = "granite otter parasol"


@dataclass
class Town:
    """A store with an administrator and a supervisor, who can sign in with :data:`PASSWORD`."""

    store: Store
    ledger: FakeLedger
    clock: Clock
    people: Accounts

    def sign_in(self, account: str, password: str = PASSWORD, address: str = "10.0.0.1") -> SignedIn:
        return self.people.sign_in(account, password, address)

    def caller(self, account: str) -> Caller:
        found = self.people.callers.of_session(self.sign_in(account).token)
        assert found is not None
        return found

    def here(self, account: str, role: Role) -> None:
        change = AccountChange(account=account, name=account.title(), grant=Grant(role=role, recipient="duty-desk"))
        if role is Role.ADMINISTRATOR:
            change = AccountChange(account=account, name=account.title(), grant=Grant(role=role))
        self.store.submit(lambda c: make_account(c, self.ledger, change, PASSWORD, CHEAP, self.clock())).result()

    def propose(self, account: str, grant: Grant) -> Proposal | None:
        return self.people.propose(
            AccountChange(account=account, name=account.title(), grant=grant), self.caller("admin")
        )

    def approved(self, account: str, grant: Grant) -> str:
        proposal = self.propose(account, grant)
        assert proposal is not None
        return self.people.decide(proposal.id, self.caller("sue"), approve=True).code

    def join(self, account: str, grant: Grant) -> None:
        """An account, invited, approved, with its password."""
        code = self.approved(account, grant)
        ticket = self.people.ticket(account, self.caller("admin"))
        self.people.accept(ticket, code, PASSWORD, "10.0.0.9")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    store, ledger, clock = Store(tmp_path / "hub.db", deployment="town", sensors=()), FakeLedger(), Clock()
    people = Accounts(store, ledger, clock, areas=AREAS, passwords=CHEAP)
    town = Town(store, ledger, clock, people)
    town.here("admin", Role.ADMINISTRATOR)
    town.here("sue", Role.SUPERVISOR)
    yield town
    store.close()


DUTY = Grant(role=Role.DUTY, recipient="duty-desk")


def test_every_refused_sign_in_reads_the_same(town: Town) -> None:
    town.join("dora", DUTY)
    town.propose("dora", Grant(role=Role.DUTY, active=False))
    sentences = set()
    for number, (account, password) in enumerate(
        (("sue", "wrong"), ("nobody", PASSWORD), ("dora", PASSWORD), ("", ""))
    ):
        with pytest.raises(SignInRefused) as refused:
            town.sign_in(account, password, f"10.0.1.{number}")
        sentences.add(str(refused.value))
    assert len(sentences) == 1


def test_a_wrong_password_costs_the_same_for_an_account_that_is_not_there(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each attempt computes argon2id exactly once, whether there is such an account or not."""
    computed = []
    matches = Passwords.matches

    def counted(self: Passwords, stored: str | None, password: str) -> bool:
        computed.append(stored is not None)
        return matches(self, stored, password)

    monkeypatch.setattr(Passwords, "matches", counted)
    for account in ("sue", "nobody"):
        with pytest.raises(SignInRefused):
            town.sign_in(account, "wrong")
    assert computed == [True, False]
    assert not CHEAP.matches(None, "anything")
    assert not CHEAP.matches("", "")


def test_guessing_slows_down_for_an_account_and_for_an_address(town: Town) -> None:
    tried = 0
    for _ in range(200):
        try:
            town.sign_in("sue", "wrong")
        except SignInRefused as refused:
            tried += refused.wait == 0
    assert tried == accounts_pace.OF_ACCOUNT.free
    with pytest.raises(SignInRefused) as refused:
        town.sign_in("sue", PASSWORD, "10.9.9.9")
    assert 0 < refused.value.wait <= accounts_pace.OF_ACCOUNT.longest
    town.clock.at += accounts_pace.OF_ACCOUNT.longest
    assert town.sign_in("sue", PASSWORD, "10.9.9.9").person.account == "sue"


def test_many_attempts_at_once_are_not_many_for_free(town: Town) -> None:
    def guess(number: int) -> float:
        try:
            town.sign_in("sue", f"wrong {number}", f"10.0.{number}.1")
        except SignInRefused as refused:
            return refused.wait
        raise AssertionError

    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(guess, range(40)))
    assert sum(wait == 0 for wait in waits) == accounts_pace.OF_ACCOUNT.free


def test_an_attacker_with_an_account_does_not_free_the_address_by_signing_in(town: Town) -> None:
    waits = []
    for number in range(60):
        try:
            town.sign_in(f"guessed-{number}", "wrong")
        except SignInRefused as refused:
            waits.append(refused.wait)
        try:
            town.sign_in("sue")
        except SignInRefused as refused:
            waits.append(refused.wait)
    assert sum(wait == 0 for wait in waits) == accounts_pace.OF_ADDRESS.free


def test_a_session_ends_when_idle_and_at_the_end_of_a_shift(town: Town) -> None:
    idle, used = town.sign_in("sue").token, town.sign_in("sue").token
    began = town.clock.at
    while town.clock.at < began + LONGEST_SECONDS - IDLE_SECONDS / 2:
        town.clock.at += IDLE_SECONDS / 2
        assert town.people.callers.of_session(used) is not None
        town.store.submit(lambda _: None).result()
    assert town.people.callers.of_session(idle) is None
    town.clock.at = began + LONGEST_SECONDS
    assert town.people.callers.of_session(used) is None


def test_a_session_is_known_by_its_digest_alone_and_ends_at_sign_out(town: Town, tmp_path: Path) -> None:
    first = town.sign_in("sue")
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("hub.db*"))
    assert first.token.encode() not in stored
    assert PASSWORD.encode() not in stored
    second = town.people.sign_in("sue", PASSWORD, "10.0.0.1", old_token=first.token)
    assert town.people.callers.of_session(first.token) is None, "signing in again rotates"
    town.people.sign_out(second.token)
    assert town.people.callers.of_session(second.token) is None
    assert [e.detail["act"] for e in town.ledger.of(EntryKind.SIGN_OUT)] == ["signed-out"]


def test_another_password_ends_every_session(town: Town) -> None:
    old, caller = town.sign_in("sue").token, town.caller("sue")
    with pytest.raises(SignInRefused):
        town.people.change_password(caller, "wrong", ANOTHER, "10.0.0.1")
    with pytest.raises(InvalidValue):
        town.people.change_password(caller, PASSWORD, "short", "10.0.0.1")
    new = town.people.change_password(caller, PASSWORD, ANOTHER, "10.0.0.1").token
    assert town.people.callers.of_session(old) is None
    assert town.people.callers.of_session(new) is not None
    with pytest.raises(SignInRefused):
        town.sign_in("sue", PASSWORD)


def test_a_stored_password_is_argon2id_with_its_parameters_and_follows_them(town: Town) -> None:
    strong = Passwords()
    stored = strong.hashed(PASSWORD)
    assert stored.startswith(f"$argon2id$v=19$m={KIBIBYTES},t={PASSES},p={LANES}$")
    assert CHEAP.outdated(stored)
    assert not strong.outdated(stored)
    dearer = Accounts(town.store, town.ledger, town.clock, passwords=Passwords(passes=2, kibibytes=16, lanes=1))
    dearer.sign_in("sue", PASSWORD, "10.0.0.1")
    with town.store.reading() as connection:
        rows = dict(connection.exec_driver_sql("SELECT account, password FROM accounts").all())
    assert "$m=16,t=2,p=1$" in rows["sue"]
    assert "$m=8,t=1,p=1$" in rows["admin"]


def test_neither_half_of_an_invitation_is_enough(town: Town) -> None:
    code = town.approved("dora", DUTY)
    ticket = town.people.ticket("dora", town.caller("admin"))
    assert town.people.invited(ticket) == "dora"
    assert town.people.invited(ticket + "x") is None
    for wrong in ("", "AAAA-AAAA", code[:-1]):
        with pytest.raises(SignInRefused):
            town.people.accept(ticket, wrong, PASSWORD, "10.0.0.5")
    with pytest.raises(SignInRefused):
        town.people.accept("no-such-ticket", code, PASSWORD, "10.0.0.5")
    signed = town.people.accept(ticket, code.lower().replace("-", " "), PASSWORD, "10.0.0.5")
    assert signed.person.account == "dora"
    with pytest.raises(SignInRefused):
        town.people.accept(ticket, code, ANOTHER, "10.0.0.6")
    assert town.sign_in("dora").person.role is Role.DUTY


def test_an_invitation_ends_and_a_new_link_replaces_the_old(town: Town) -> None:
    town.approved("dora", DUTY)
    first = town.people.ticket("dora", town.caller("admin"))
    second = town.people.ticket("dora", town.caller("admin"))
    assert (town.people.invited(first), town.people.invited(second)) == (None, "dora")
    town.clock.at += INVITATION_SECONDS
    assert town.people.invited(second) is None
    with pytest.raises(HubError):
        town.people.ticket("dora", town.caller("admin"))


def test_an_administrator_alone_becomes_nobody_else(town: Town) -> None:
    """Neither by an invitation that nobody approved, nor by a new password, nor by giving themselves more."""
    admin = town.caller("admin")
    with pytest.raises(HubError):
        town.people.ticket("sue", admin)
    own = town.propose("admin", Grant(role=Role.SUPERVISOR, recipient="duty-desk"))
    reset = town.people.propose(NewPassword(account="sue"), admin)
    assert own is not None
    assert reset is not None
    for proposal in (own, reset):
        with pytest.raises(NotPermitted):
            town.people.decide(proposal.id, admin, approve=True)
    with pytest.raises(NotPermitted):
        town.people.decide(reset.id, town.caller("sue"), approve=True)
    assert town.sign_in("sue").person.role is Role.SUPERVISOR
    assert town.sign_in("admin").person.role is Role.ADMINISTRATOR


def test_what_narrows_is_done_at_once_and_what_widens_waits(town: Town) -> None:
    town.join("dora", DUTY)
    session = town.sign_in("dora").token
    assert town.propose("dora", Grant(role=Role.DUTY, recipient="duty-desk", areas=("here",))) is None
    found = town.people.callers.of_session(session)
    assert found is not None
    assert found.confined, "the next request already is"
    wider = town.propose("dora", DUTY)
    assert wider is not None
    assert town.propose("dora", DUTY) == wider, "asked twice, it is one proposal"
    still = town.people.account("dora")
    assert still is not None
    assert still.grant.areas == ("here",)
    assert town.propose("dora", Grant(role=Role.DUTY, active=False)) is None
    assert town.people.callers.of_session(session) is None, "deactivated at once"


def test_a_proposal_about_what_has_changed_since_does_nothing(town: Town) -> None:
    town.join("dora", DUTY)
    more = town.propose("dora", Grant(role=Role.SUPERVISOR, recipient="duty-desk"))
    assert more is not None
    town.propose("dora", Grant(role=Role.DUTY, active=False))
    decided = town.people.decide(more.id, town.caller("sue"), approve=True)
    assert decided.proposal.state is ProposalState.OVERTAKEN
    found = town.people.account("dora")
    assert found is not None
    assert not found.grant.active


def test_whoever_proposed_may_take_it_back_and_nothing_is_decided_twice(town: Town) -> None:
    proposal = town.propose("dora", DUTY)
    assert proposal is not None
    back = town.people.decide(proposal.id, town.caller("admin"), approve=False)
    assert back.proposal.state is ProposalState.REFUSED
    with pytest.raises(NotPermitted):
        town.people.decide(proposal.id, town.caller("sue"), approve=True)
    assert town.people.account("dora") is None


def test_a_machine_gets_its_token_once_after_approval(town: Town) -> None:
    admin = town.caller("admin")
    proposal = town.people.propose(MachineToken(machine="lights", recipient="lights", days=10), admin)
    assert proposal is not None
    assert town.people.tokens() == ()
    town.people.decide(proposal.id, town.caller("sue"), approve=True)
    (waiting,) = town.people.tokens()
    assert not waiting.issued
    token = town.people.issue(waiting.id, admin)
    with pytest.raises(HubError):
        town.people.issue(waiting.id, admin)
    machine = town.people.callers.of_token(token)
    assert machine is not None
    assert (machine.kind, machine.recipient, machine.who) == (CallerKind.MACHINE, "lights", "machine:lights")
    assert not machine.may(Power.ACT)
    town.clock.at += 10 * 86_400
    assert town.people.callers.of_token(token) is None


def test_a_program_does_less_than_its_person_and_ends_with_the_account(town: Town) -> None:
    sue = town.caller("sue")
    token = town.people.make_token("report", 30, sue)
    program = town.people.callers.of_token(token)
    assert program is not None
    assert program.powers < sue.powers
    assert not program.may(Power.APPROVE)
    with pytest.raises(HubError):
        town.people.revoke_token(town.people.tokens()[0].id, program.__class__(kind=CallerKind.PERSON, who="other"))
    town.people.sign_out_everywhere("sue", town.caller("admin"))
    assert town.people.callers.of_token(token) is None
    assert town.people.callers.of_token("clairvoie_made-up") is None


def test_who_may_not_is_refused_by_the_accounts_themselves(town: Town) -> None:
    sue = town.caller("sue")
    for forbidden in (
        lambda: town.people.propose(NewPassword(account="admin"), sue),
        lambda: town.people.ticket("admin", sue),
        lambda: town.people.issue(1, sue),
        lambda: town.people.sign_out_everywhere("admin", sue),
    ):
        with pytest.raises(NotPermitted):
            forbidden()


def test_only_the_first_who_can_approve_is_made_on_the_machine(town: Town) -> None:
    for account, role in (
        ("second", Role.SUPERVISOR),
        ("audrey", Role.AUDITOR),
        ("dora", Role.DUTY),
        ("sue", Role.ADMINISTRATOR),
    ):
        with pytest.raises(NotPermitted):
            town.here(account, role)
    town.here("admin", Role.ADMINISTRATOR)
    assert [e.detail["act"] for e in town.ledger.of(EntryKind.ACCOUNT)][-1] == "password-set-here"
    assert {e.who for e in town.ledger.of(EntryKind.ACCOUNT)} == {HERE}


def test_every_act_about_people_is_an_entry_without_names_or_secrets(town: Town) -> None:
    town.join("dora", DUTY)
    with pytest.raises(SignInRefused):
        town.sign_in("hunter2 typed into the wrong field", "x")
    told = [(e.kind, e.who, e.about) for e in town.ledger.entries if e is not None]
    assert (EntryKind.PROPOSAL, "admin", "dora") in told
    assert (EntryKind.APPROVAL, "sue", "dora") in told
    assert (EntryKind.SIGN_IN, "dora", "dora") in told
    assert (EntryKind.SIGN_IN, "", "") in told, "a refused name that is no account is not written down"
    everything = str(town.ledger.entries)
    assert "hunter2" not in everything
    assert "Dora" not in everything
    assert "10.0.0" not in everything
