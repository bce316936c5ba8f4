"""Accounts and what is changed about them: pure rules, what pages are shown, and the seam between pages and hub.

What widens waits for a second person: :func:`widens` tells which changes those are, :func:`may_decide` who that person
may be. Whatever narrows holds at once.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from clairvoie.boundary.hazards import HazardKind
from clairvoie.boundary.person import POWERS, Caller, CallerKind, Person, Power, Role
from clairvoie.boundary.sensor import check_name
from clairvoie.boundary.trial import Figures
from clairvoie.errors import InvalidValue

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
LONGEST_NAME = 60


def check_password(password: str, account: str) -> str:
    """A new password: long rather than odd (NIST SP 800-63B, 5.1.1), and not the account's name over and over."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidValue(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters", len(password))
    if len(set(password)) < 5 or not password.lower().replace(account.lower(), "").strip("0123456789 -_."):
        raise InvalidValue("this password is easily guessed", None, "Take several words that do not belong together.")
    return password


def check_person_name(name: str) -> str:
    """A name that histories can show: on one line, 1 to 60 printable characters, no brackets (the account's place)."""
    plain = name.isprintable() and name == " ".join(name.split()) and not set(name) & set("()")
    if not plain or not 0 < len(name) <= LONGEST_NAME:
        raise InvalidValue(f"a name has 1 to {LONGEST_NAME} printable characters, no brackets", name[:LONGEST_NAME])
    return name


class Grant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an account is given. No ``areas`` means the whole deployment."""

    role: Role
    recipient: str = ""
    areas: tuple[str, ...] = ()
    active: bool = True

    def __post_init__(self) -> None:
        for what, names in (("recipient", filter(None, (self.recipient,))), ("area", self.areas)):
            for name in names:
                check_name(what, name)


def widens(before: Grant | None, after: Grant) -> bool:
    """Whether somebody who had ``before`` could see or do anything more with ``after``.

    >>> widens(Grant(role=Role.DUTY), Grant(role=Role.DUTY, areas=("quay",)))
    False
    >>> widens(Grant(role=Role.DUTY, areas=("quay",)), Grant(role=Role.DUTY))
    True
    """
    if not after.active:
        return False
    if before is None or not before.active:
        return True
    more_areas = bool(before.areas) and (not after.areas or bool(set(after.areas) - set(before.areas)))
    return bool(POWERS[after.role] - POWERS[before.role]) or after.recipient not in ("", before.recipient) or more_areas


class AccountChange(Struct, frozen=True, kw_only=True, tag="account", forbid_unknown_fields=True):
    """Make an account, or change what it is given. ``before`` is what it had when this was asked; ``None``: nothing."""

    account: str
    name: str
    grant: Grant
    before: Grant | None = None

    def __post_init__(self) -> None:
        check_name("account", self.account)
        check_person_name(self.name)


class NewPassword(Struct, frozen=True, kw_only=True, tag="password", forbid_unknown_fields=True):
    """Let somebody who forgot their password set another."""

    account: str


class MachineToken(Struct, frozen=True, kw_only=True, tag="machine", forbid_unknown_fields=True):
    """Give a machine a token, with which it acts for ``recipient``."""

    machine: str
    recipient: str
    days: int = 365

    def __post_init__(self) -> None:
        check_name("machine", self.machine)
        check_name("recipient", self.recipient)
        if not 1 <= self.days <= 366:
            raise InvalidValue("a token holds for 1 to 366 days", self.days)


class LongerRetention(Struct, frozen=True, kw_only=True, tag="retention", forbid_unknown_fields=True):
    """Keep things longer than they are kept now, as the hub's settings ask."""

    levels_days: int
    detections_days: int
    incidents_days: int
    records_days: int


class KindInQueue(Struct, frozen=True, kw_only=True, tag="trial", forbid_unknown_fields=True):
    """Let a kind at a sensor out of its ``trial`` (its number) into the queue, as the supervisor ``by`` signed on these
    figures."""

    sensor: str
    kind: HazardKind
    trial: int
    by: str
    figures: Figures

    @property
    def about(self) -> str:
        """Sensor and kind: no account is named so."""
        return f"{self.sensor}/{self.kind.value}"


Change = AccountChange | NewPassword | MachineToken | LongerRetention | KindInQueue


class ProposalState(StrEnum):
    """Where a proposal stands. ``OVERTAKEN``: what it would change has changed since."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    OVERTAKEN = "overtaken"


class Proposal(Struct, frozen=True, kw_only=True):
    """A change that would widen, and what became of it."""

    id: int
    at: float
    by: str
    change: Change
    state: ProposalState = ProposalState.PENDING
    decided_by: str = ""
    decided: float | None = None

    @property
    def about(self) -> str:
        """The account or machine that it is about; a sensor and a kind, or ``retention``, for those."""
        match self.change:
            case AccountChange(account=account) | NewPassword(account=account):
                return account
            case MachineToken(machine=machine):
                return f"machine:{machine}"
            case LongerRetention():
                return "retention"
            case KindInQueue() as change:
                return change.about


def may_decide(proposal: Proposal, caller: Caller) -> bool:
    """Whether ``caller`` is a second person: one who may approve, and is neither who proposed it nor whom it is about.

    Somebody who proposed may take it back, which is a refusal; that is not asked here.
    """
    return (
        caller.kind is CallerKind.PERSON
        and caller.may(Power.APPROVE)
        and caller.who not in (proposal.by, proposal.about)
        and proposal.state is ProposalState.PENDING
    )


class AccountView(Struct, frozen=True, kw_only=True):
    """One account, without its secrets. ``invited``: it has been approved and waits for its first password."""

    account: str
    name: str
    grant: Grant
    made: float
    last_sign_in: float | None = None
    has_password: bool = True
    invited: bool = False
    sessions: int = 0


class TokenView(Struct, frozen=True, kw_only=True):
    """One API token, without its secret. ``account`` is empty for a machine's; ``issued``: it has been shown, once."""

    id: int
    label: str
    account: str
    recipient: str
    made: float
    by: str
    expires: float
    issued: bool = True


class SignedIn(Struct, frozen=True, kw_only=True):
    """Who signed in, and the session's token, which exists nowhere else."""

    person: Person
    token: str


class Decision(Struct, frozen=True, kw_only=True):
    """What came of a decision. ``code`` is the half of an invitation that the approver hands on; shown once."""

    proposal: Proposal
    code: str = ""


class People(Protocol):
    """Everything that pages may ask about accounts. Methods are synchronous and thread-safe; those that change
    something wait for the commit, their entry in the ledger included.

    :class:`~clairvoie.errors.NotPermitted` when the caller may not; :class:`~clairvoie.errors.SignInRefused` for every
    failed sign-in or invitation, whatever the cause; :class:`~clairvoie.errors.InvalidValue` for what is malformed.
    """

    def sign_in(self, account: str, password: str, address: str, *, old_token: str = "") -> SignedIn:
        """Begin a session; ``old_token``'s session ends."""
        ...

    def sign_out(self, token: str) -> None:
        """End one session."""
        ...

    def sign_out_everywhere(self, account: str, by: Caller) -> None:
        """End all sessions of an account and revoke its programs' tokens."""
        ...

    def change_password(self, caller: Caller, old: str, new: str, address: str) -> SignedIn:
        """Set another password: every session ends, a new one begins."""
        ...

    def accept(self, ticket: str, code: str, password: str, address: str) -> SignedIn:
        """Set the first password with both halves of an invitation."""
        ...

    def invited(self, ticket: str) -> str | None:
        """The account to which a ticket belongs, while it holds."""
        ...

    def accounts(self) -> tuple[AccountView, ...]:
        """All accounts, by name."""
        ...

    def account(self, account: str) -> AccountView | None:
        """One account."""
        ...

    def tokens(self) -> tuple[TokenView, ...]:
        """All tokens that hold, newest first."""
        ...

    def proposals(self, *, limit: int = 100) -> tuple[Proposal, ...]:
        """Proposals, pending ones first, then the newest."""
        ...

    def propose(self, change: Change, by: Caller) -> Proposal | None:
        """Do what narrows at once (``None``); keep what widens as a proposal."""
        ...

    def decide(self, identifier: int, by: Caller, *, approve: bool) -> Decision:
        """Approve or refuse a proposal; who made it may take it back."""
        ...

    def ticket(self, account: str, by: Caller) -> str:
        """The administrator's half of an invitation that was approved; an earlier one becomes worthless."""
        ...

    def issue(self, identifier: int, by: Caller) -> str:
        """A machine's token that was approved, shown once."""
        ...

    def make_token(self, label: str, days: int, by: Caller) -> str:
        """A token for a program of the caller's own."""
        ...

    def revoke_token(self, identifier: int, by: Caller) -> None:
        """End a token: one's own, or any for an administrator."""
        ...

    def areas(self) -> tuple[tuple[str, str], ...]:
        """The areas that settings name, with their words."""
        ...
