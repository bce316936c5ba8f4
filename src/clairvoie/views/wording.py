"""How acts are worded: given to the site by whoever mounts it, since the words are those of the command line too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from clairvoie.boundary.authorisation import Authorisation, Suspension


class Passage(Protocol):
    """Something that an act says: ``key`` names it for programs, ``heading`` and ``lines`` for people."""

    @property
    def key(self) -> str:
        """What programs call it."""
        ...

    @property
    def heading(self) -> str:
        """What people call it."""
        ...

    @property
    def lines(self) -> Sequence[str]:
        """Its sentences."""
        ...


class Wording(NamedTuple):
    """What an act says, what it does not allow, and what a suspension says; each in ``fr`` or ``en``."""

    sentences: Callable[[Authorisation, str], Sequence[Passage]]
    not_allowed: Callable[[Authorisation, str], Sequence[str]]
    suspension: Callable[[Suspension, str, str], str]
