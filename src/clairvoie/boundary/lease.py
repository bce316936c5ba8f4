"""A lease: the hub's signed assent that the authorisation still holds, and the trusted time that comes with it.

The gate asks with a number that nobody can guess (:class:`LeaseRequest`, signed as a record is); the hub answers with a
:class:`Lease` that repeats it, signed with the charter's key for leases. So a lease cannot be played back, and its
``issued`` was read from the hub's clock between the moments when the gate asked and when it had the answer: that
interval, on the gate's own monotonic clock, bounds the uncertainty of the time it gives.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from clairvoie.boundary.document import SignedDocument
from clairvoie.boundary.sensor import check_name
from clairvoie.errors import InvalidValue, MalformedMessage

NONCE_BYTES = 16


class LeaseRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a signed request (domain ``clairvoie/lease/v1``)."""

    nonce: bytes

    def __post_init__(self) -> None:
        if len(self.nonce) != NONCE_BYTES:
            raise InvalidValue(f"a nonce has {NONCE_BYTES} bytes", len(self.nonce))


class Lease(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``node`` may release under ``documents`` (all authorisations and suspensions of the deployment, as signed) for
    ``seconds`` from ``issued`` (the hub's clock, POSIX seconds). With no ``nonce`` it is a push: it brings documents,
    which only ever narrow, and neither time nor leave."""

    deployment: str
    node: str
    issued: float
    seconds: int
    nonce: bytes
    documents: tuple[SignedDocument, ...]

    def __post_init__(self) -> None:
        check_name("deployment", self.deployment)
        check_name("node", self.node)
        if self.seconds < 0 or not 0 <= self.issued < 2**40:
            raise InvalidValue("a lease has a time and a duration", (self.issued, self.seconds))


_request_decoder = msgspec.msgpack.Decoder(LeaseRequest)
_lease_decoder = msgspec.json.Decoder(Lease)


def encode_request(request: LeaseRequest) -> bytes:
    """A request as the body of a signed envelope."""
    return msgspec.msgpack.encode(request)


def decode_request(data: bytes) -> LeaseRequest:
    """The request in ``data``."""
    try:
        return _request_decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage("not a request for a lease", str(error)) from error


def encode_lease(lease: Lease) -> bytes:
    """A lease as the bytes that are signed (:data:`~clairvoie.boundary.document.LEASE_TYPE`)."""
    return msgspec.json.encode(lease)


def decode_lease(data: bytes) -> Lease:
    """The lease in ``data``."""
    try:
        return _lease_decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedMessage("not a lease", str(error)) from error
