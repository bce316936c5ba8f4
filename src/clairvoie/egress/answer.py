"""What the hub's answer to an upload means for the records in it: a pure rule.

Only an answer that is certainly the hub's own (JSON with a ``code``) may set a record aside. Anything else, a proxy's
page or a wrong address included, means "try again later", so that no misunderstanding loses a record. So does a refusal
that is about the whole node (:data:`OF_THE_NODE`): the hub's settings or the node's are wrong, and once they are mended
every record is as good as before. Only when the hub has found another record of the same upload in order first is such
a refusal about one record, for instance one that an earlier key has signed.

>>> judge(200, b'{"accepted":2,"duplicates":0}', 2)
Stored()
>>> judge(422, b'{"code":"invalid-content","what":"no","index":1}', 2)
SetAside(index=1, code='invalid-content', what='no')
>>> judge(422, b'{"code":"invalid-content","what":"no"}', 2)
Smaller(code='invalid-content', what='no')
>>> judge(404, b'{"code":"unknown-node","what":"no such node","index":0,"remedy":"Enrol it."}', 2)
Held(code='unknown-node', what='no such node', remedy='Enrol it.')
>>> judge(422, b'{"code":"unsupported-version","what":"reads 1 to 2","index":1,"remedy":"Update the older side."}', 2)
Held(code='unsupported-version', what='reads 1 to 2', remedy='Update the older side.')
>>> judge(403, b'{"code":"bad-signature","what":"not signed","index":1}', 2)
SetAside(index=1, code='bad-signature', what='not signed')
>>> judge(404, b'<html>not found</html>', 2)
Later(what='HTTP 404')
>>> judge(404, b'{"code":"unknown-sensor","what":"no such sensor","index":1}', 2)
Around(index=1, code='unknown-sensor', what='no such sensor', remedy='')
>>> judge(403, b'{"code":"suspended","what":"since noon","index":0}', 2)
Erased(index=0, code='suspended', what='since noon')
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Struct

ALREADY_STORED = "already-stored"
Answer = TypeVar("Answer", bound=Struct)
UNKNOWN_SENSOR = "unknown-sensor"
REVOKED = "revoked"
UNSUPPORTED_VERSION = "unsupported-version"
OF_ALL = frozenset({REVOKED, UNSUPPORTED_VERSION})
"""Whatever record shows it, it holds for all: a hub that is older than this node takes them once it is updated."""
OF_THE_NODE = OF_ALL | {"unknown-deployment", "unknown-node", "wrong-node", "wrong-epoch", "bad-signature"}
"""Refusals of who speaks, not of what is said."""
NOT_ALLOWED = frozenset({"not-authorised", "suspended", "not-active"})
"""Refusals of what should never have been kept."""
TRANSIENT = frozenset({408, 425, 429})
SHOWN = 200


class Stored(Struct, frozen=True):
    """The hub has all of them: forget them."""


class SetAside(Struct, frozen=True):
    """The record at ``index`` will never be taken; the others are sent again."""

    index: int
    code: str
    what: str


class Smaller(Struct, frozen=True):
    """Something in the batch is not taken, or the batch is too large: send fewer at once."""

    code: str
    what: str


class Later(Struct, frozen=True):
    """Not now; keep everything and try again."""

    what: str


class Held(Struct, frozen=True):
    """The hub does not take what this node says until its settings, or the node's, are mended: keep everything."""

    code: str
    what: str
    remedy: str


class Around(Struct, frozen=True):
    """The hub does not know the sensor of the record at ``index`` yet: its records wait, the others are sent."""

    index: int
    code: str
    what: str
    remedy: str


class Erased(Struct, frozen=True):
    """The record at ``index`` was not allowed: it is not kept; the others are sent again."""

    index: int
    code: str
    what: str


Verdict = Stored | SetAside | Smaller | Later | Held | Around | Erased


class _Accepted(Struct):
    accepted: int
    duplicates: int


class _Refused(Struct):
    code: str
    what: str = ""
    index: int | None = None
    remedy: str = ""


def judge(status: int, body: bytes, count: int) -> Verdict:
    """What an answer with this HTTP ``status`` and ``body`` says about the ``count`` records that were sent."""
    if status == 200:
        accepted = _read(body, _Accepted)
        if accepted is not None and accepted.accepted + accepted.duplicates == count:
            return Stored()
        return Later("an answer of 200 that does not account for every record")
    refused = _read(body, _Refused)
    if refused is None or not 400 <= status < 500 or status in TRANSIENT:
        return Later(f"HTTP {status}" if refused is None else f"HTTP {status} {refused.code[:SHOWN]}")
    if status == 409 and refused.code == ALREADY_STORED:
        return Stored()
    return _refusal(refused, count)


def _refusal(refused: _Refused, count: int) -> Verdict:
    code, what, remedy = refused.code[:SHOWN], refused.what[:SHOWN], refused.remedy[:SHOWN]
    if code in OF_THE_NODE and (not refused.index or code in OF_ALL):
        return Held(code, what, remedy)
    index = 0 if refused.index is None and count == 1 else refused.index
    if index is None or not 0 <= index < count:
        return SetAside(0, code, what) if count == 1 else Smaller(code, what)
    if code == UNKNOWN_SENSOR:
        return Around(index, code, what, remedy)
    return Erased(index, code, what) if code in NOT_ALLOWED else SetAside(index, code, what)


def _read(body: bytes, kind: type[Answer]) -> Answer | None:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
