"""How often a password may be tried: for each account and for each address, ever more slowly.

An attempt is counted *before* the password is looked at, so that many at once are not many for free; a success takes it
back. Names that do not exist are counted like those that do. What remains: whoever knows an account's name can make its
owner wait, at most :data:`OF_ACCOUNT`'s longest pause; and all who share an address share its count.
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from clairvoie.hub.accounts_schema import attempts

FORGOTTEN_SECONDS = 3600.0


class Pace(NamedTuple):
    """So many failures are free; then 1 s, 2 s, 4 s... up to ``longest`` seconds between attempts."""

    free: int
    longest: float


OF_ACCOUNT = Pace(free=5, longest=60.0)
OF_ADDRESS = Pace(free=20, longest=300.0)


def pause(failures: int, pace: Pace) -> float:
    """Seconds that must pass after the last of ``failures`` before the next attempt.

    >>> [pause(n, OF_ACCOUNT) for n in (0, 4, 5, 6, 10, 11, 1000)]
    [0.0, 0.0, 1.0, 2.0, 32.0, 60.0, 60.0]
    """
    if failures < pace.free:
        return 0.0
    return min(pace.longest, 2.0 ** min(failures - pace.free, 30))


def wait(failures: int, last: float, now: float, pace: Pace) -> float:
    """Seconds still to wait at ``now``; a clock that went back does not shorten it beyond the pause itself."""
    return min(pause(failures, pace), max(0.0, last + pause(failures, pace) - now))


def sender(address: str) -> str:
    """What is counted of an address: of IPv6 the /64, since a whole one is anybody's to choose from.

    >>> sender("10.0.0.1"), sender("2001:db8:1:2:3:4:5:6"), sender("")
    ('10.0.0.1', '2001:db8:1:2::/64', '')
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((int(found), 64), strict=False)) if found.version == 6 else str(found)


def _keys(account: str, address: str) -> tuple[tuple[bytes, Pace], tuple[bytes, Pace]]:
    return (
        (hashlib.sha256(b"account\0" + account.encode()).digest(), OF_ACCOUNT),
        (hashlib.sha256(b"address\0" + sender(address).encode()).digest(), OF_ADDRESS),
    )


def count(connection: Connection, account: str, address: str, now: float) -> float:
    """Count an attempt, unless there is still to wait: the seconds to wait, 0 when it may be made."""
    table = attempts
    connection.execute(delete(table).where(table.c.last < now - FORGOTTEN_SECONDS))
    keys = _keys(account, address)
    rows = connection.execute(select(table).where(table.c.key.in_([key for key, _ in keys]))).all()
    found = {row.key: row for row in rows}
    longest = max(wait(found[key].failures, found[key].last, now, pace) if key in found else 0.0 for key, pace in keys)
    if longest > 0:
        return longest
    for key, _ in keys:
        statement = insert(table).values(key=key, failures=1, last=now)
        more = {"failures": table.c.failures + 1, "last": now}
        connection.execute(statement.on_conflict_do_update(index_elements=[table.c.key], set_=more))
    return 0.0


def succeeded(connection: Connection, account: str, address: str) -> None:
    """Forget the account's failures; take back this attempt of the address, and no other of it."""
    (of_account, _), (of_address, _) = _keys(account, address)
    connection.execute(delete(attempts).where(attempts.c.key == of_account))
    less = update(attempts).where(attempts.c.key == of_address, attempts.c.failures > 0)
    connection.execute(less.values(failures=attempts.c.failures - 1))
