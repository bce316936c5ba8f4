"""Passwords: argon2id (RFC 9106), hashed anew at sign-in when the parameters have changed.

The parameters are the second recommended option of RFC 9106, section 4: 3 passes over 64 MiB in 4 lanes. At most
:data:`AT_ONCE` are computed at the same time, so that sign-ins cannot take the machine's memory. A check for an account
that does not exist costs the same as one for an account that does.
"""

from __future__ import annotations

import secrets
import threading
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

PASSES = 3
KIBIBYTES = 65_536
LANES = 4
AT_ONCE = 2


class Passwords:
    """Hashes and checks; tests take cheap parameters, nothing else does."""

    def __init__(self, *, passes: int = PASSES, kibibytes: int = KIBIBYTES, lanes: int = LANES) -> None:
        self._hasher = PasswordHasher(passes, kibibytes, lanes, hash_len=32, salt_len=16, type=Type.ID)
        self._room = threading.Semaphore(AT_ONCE)

    @cached_property
    def _nobodys(self) -> str:
        return self.hashed(secrets.token_urlsafe(32))

    def hashed(self, password: str) -> str:
        """``password`` as it is stored, with the parameters and a salt of its own."""
        with self._room:
            return self._hasher.hash(password)

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` is the one; with nothing stored never, and as slowly."""
        against = stored or self._nobodys
        with self._room:
            try:
                right = self._hasher.verify(against, password)
            except (VerificationError, InvalidHashError):
                return False
        return right and bool(stored)

    def outdated(self, stored: str) -> bool:
        """Whether ``stored`` was hashed with other parameters than now."""
        return self._hasher.check_needs_rehash(stored)
