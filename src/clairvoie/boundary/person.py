"""People and machines at the hub: what each may do, where, and for whom they act.

A person acts for one recipient of the authorisation (``recipient``): without it being listed there, incidents are not
shown to them. ``areas`` limits them to places; none means the whole deployment. A :class:`Caller` is whoever makes one
request: a person, a machine with a token, the visitor of an exercise, or nobody known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from clairvoie.boundary.authorisation import Point, inside
from clairvoie.boundary.sensor import Place, check_name
from clairvoie.errors import InvalidValue


class Role(StrEnum):
    """What somebody is here for."""

    DUTY = "duty"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Power(StrEnum):
    """What a route needs. ``OPEN`` needs nobody: health, sign-in, the published ledger. ``OWN`` needs any person who
    is signed in: their own account. ``PROMOTE`` lets a kind of hazard out of its trial, into the queue. ``READ_LEVELS``
    is for programs too: nothing behind it depends on an incident that nobody has confirmed, not even a count
    (``tests/server/test_machines.py``); behind ``READ_FIGURES`` counts do."""

    OPEN = "open"
    OWN = "own"
    READ_LEVELS = "read-levels"
    READ_FIGURES = "read-figures"
    READ_INCIDENTS = "read-incidents"
    ACT = "act"
    EXPORT = "export"
    READ_ACCESS = "read-access"
    APPROVE = "approve"
    PROMOTE = "promote"
    ADMINISTER = "administer"


_SIGNATURE = re.compile(r"[^()]+ \(([a-z0-9-]{1,40})\)")
_EVERYBODY = frozenset({Power.OPEN, Power.OWN, Power.READ_LEVELS, Power.READ_FIGURES})

POWERS: dict[Role, frozenset[Power]] = {
    Role.DUTY: _EVERYBODY | {Power.READ_INCIDENTS, Power.ACT},
    Role.SUPERVISOR: _EVERYBODY | {Power.READ_INCIDENTS, Power.ACT, Power.EXPORT, Power.APPROVE, Power.PROMOTE},
    Role.AUDITOR: _EVERYBODY | {Power.READ_INCIDENTS, Power.EXPORT, Power.READ_ACCESS, Power.APPROVE},
    Role.ADMINISTRATOR: _EVERYBODY | {Power.ADMINISTER},
}
"""An administrator keeps accounts and settings and sees no incident."""

MACHINE_POWERS = frozenset({Power.OPEN, Power.READ_LEVELS, Power.READ_INCIDENTS})
VISITOR_POWERS = frozenset(Power) - {Power.OWN, Power.APPROVE, Power.ADMINISTER}
"""In an exercise on one machine a visitor does what duty, supervisor and auditor may, and administers nothing."""
PROGRAM_POWERS = MACHINE_POWERS | {Power.ACT, Power.EXPORT}
"""The most that a program with a person's token may do: of that person's powers, those that concern no account and tell
of nothing that no person has confirmed. For it is a machine, whoever it acts for."""


class Area(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the deployment, named in the hub's settings: a ring of at least three points in degrees."""

    id: str
    polygon: tuple[Point, ...]
    words: str = ""

    def __post_init__(self) -> None:
        check_name("area", self.id)
        if len(self.polygon) < 3:
            raise InvalidValue(f"the area {self.id} has at least three corners", len(self.polygon))
        for latitude, longitude in self.polygon:
            if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
                raise InvalidValue("a corner has a latitude and a longitude in degrees", (latitude, longitude))


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who is signed in. ``account`` is unique, ``name`` is what histories show."""

    account: str
    name: str
    role: Role
    recipient: str = ""
    areas: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name("account", self.account)

    def may(self, power: Power) -> bool:
        """Whether this person's role has ``power``."""
        return power in POWERS[self.role]


class CallerKind(StrEnum):
    """Who makes a request."""

    NOBODY = "nobody"
    PERSON = "person"
    MACHINE = "machine"
    VISITOR = "visitor"


class Caller(Struct, frozen=True, kw_only=True):
    """Whoever makes one request. ``who`` is the account, or ``machine:NAME``, of which the ledger tells.

    ``session``: the request rests on a cookie, so that forms must carry ``form_token``. ``confined``: only places
    inside one of ``areas`` exist for this caller; an account whose areas the settings no longer name sees none.
    """

    kind: CallerKind
    who: str = ""
    name: str = ""
    role: Role | None = None
    powers: frozenset[Power] = frozenset({Power.OPEN})
    recipient: str = ""
    confined: bool = False
    areas: tuple[Area, ...] = ()
    session: bool = False
    form_token: str = ""
    program: bool = False

    @property
    def is_machine(self) -> bool:
        """Whether no person reads the answer: a machine's token, or one that a person gave to a program."""
        return self.program or self.kind is CallerKind.MACHINE

    def may(self, power: Power) -> bool:
        """Whether this caller has ``power``."""
        return power in self.powers

    @property
    def signature(self) -> str:
        """What an incident's history shows: the name, and the account, which is unique."""
        return self.name if not self.who or self.name == self.who else f"{self.name} ({self.who})"

    def reaches(self, place: Place) -> bool:
        """Whether ``place`` lies where this caller may see and act.

        >>> square = Area(id="quay", polygon=((0, 0), (0, 1), (1, 1), (1, 0)))
        >>> duty = Caller(kind=CallerKind.PERSON, confined=True, areas=(square,))
        >>> duty.reaches(Place(latitude=0.5, longitude=0.5)), duty.reaches(Place(latitude=2, longitude=2))
        (True, False)
        """
        return not self.confined or any(inside(a.polygon, (place.latitude, place.longitude)) for a in self.areas)


NOBODY = Caller(kind=CallerKind.NOBODY)
VISITOR = Caller(kind=CallerKind.VISITOR, powers=VISITOR_POWERS)


def caller_of(person: Person, areas: Mapping[str, Area], *, form_token: str = "", program: bool = False) -> Caller:
    """The caller that ``person`` is, at a desk or, with ``program``, through a token of theirs."""
    powers = POWERS[person.role]
    return Caller(
        kind=CallerKind.PERSON,
        who=person.account,
        name=person.name,
        role=person.role,
        powers=powers & PROGRAM_POWERS if program else powers,
        recipient=person.recipient,
        confined=bool(person.areas),
        areas=tuple(areas[name] for name in person.areas if name in areas),
        session=not program,
        program=program,
        form_token=form_token,
    )


def machine_of(name: str, recipient: str) -> Caller:
    """The caller that a machine with a token is; it acts for a machine recipient and for nobody else."""
    return Caller(kind=CallerKind.MACHINE, who=f"machine:{name}", name=name, powers=MACHINE_POWERS, recipient=recipient)


def account_of(signature: str) -> str:
    """The account in a :attr:`Caller.signature`; a name that was typed in an exercise is itself.

    >>> account_of("Dora Dupont (dora)"), account_of("Claire")
    ('dora', 'Claire')
    """
    found = _SIGNATURE.fullmatch(signature)
    return found[1] if found else signature


class Callers(Protocol):
    """Tells who makes a request. Read anew for every request, so that what was revoked is so at once."""

    def of_session(self, token: str) -> Caller | None:
        """Whoever signed in and got ``token``."""
        ...

    def of_token(self, token: str) -> Caller | None:
        """Whoever was given this API token."""
        ...

    def of_nobody(self) -> Caller:
        """Who somebody with neither is."""
        ...


class Visitors:
    """The callers of an exercise: nobody signs in, everybody is the visitor.

    ``simulated`` is asked each time whether every sensor is; as soon as one is real, nobody is let in.
    """

    def __init__(self, simulated: Callable[[], bool] = lambda: True) -> None:
        self._simulated = simulated

    def of_session(self, token: str) -> Caller | None:
        """There are no sessions."""
        return None

    def of_token(self, token: str) -> Caller | None:
        """There are no tokens."""
        return None

    def of_nobody(self) -> Caller:
        """The visitor, while every sensor is simulated."""
        return VISITOR if self._simulated() else NOBODY
