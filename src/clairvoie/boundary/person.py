"""People at the hub: what each role may do, and where.

A person acts for one recipient of the authorisation (``recipient``): without it being listed there, incidents are not
shown to them. ``areas`` limits them to places; none means the whole deployment.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from clairvoie.boundary.sensor import check_name


class Role(StrEnum):
    """What somebody is here for."""

    DUTY = "duty"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Power(StrEnum):
    """What a route needs. ``OPEN`` needs nobody: health, sign-in, the published ledger."""

    OPEN = "open"
    READ_FIGURES = "read-figures"
    READ_INCIDENTS = "read-incidents"
    ACT = "act"
    EXPORT = "export"
    READ_ACCESS = "read-access"
    APPROVE = "approve"
    ADMINISTER = "administer"


POWERS: dict[Role, frozenset[Power]] = {
    Role.DUTY: frozenset({Power.OPEN, Power.READ_FIGURES, Power.READ_INCIDENTS, Power.ACT}),
    Role.SUPERVISOR: frozenset(
        {Power.OPEN, Power.READ_FIGURES, Power.READ_INCIDENTS, Power.ACT, Power.EXPORT, Power.APPROVE}
    ),
    Role.AUDITOR: frozenset(
        {Power.OPEN, Power.READ_FIGURES, Power.READ_INCIDENTS, Power.EXPORT, Power.READ_ACCESS, Power.APPROVE}
    ),
    Role.ADMINISTRATOR: frozenset({Power.OPEN, Power.READ_FIGURES, Power.ADMINISTER}),
}
"""An administrator keeps accounts and settings and sees no incident."""


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
