"""The hub's two doors for leave: a node asks for a lease, and is told at once when acts change.

``POST /api/v1/leases`` answers a request that the node signed with its present key; the lease repeats the request's
number, so that it cannot be played back. ``GET /api/v1/grants`` is a stream that never ends: every document that binds,
signed by the hub, at once when they change and every :data:`PUSH_SECONDS`. A push brings neither time nor leave.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from clairvoie.boundary.document import LEASE_TYPE, SignedDocument, add_signature, encode_document, unsigned
from clairvoie.boundary.lease import Lease, decode_request, encode_lease
from clairvoie.boundary.signed import LEASE_DOMAIN, Envelope, decode_envelope
from clairvoie.errors import MalformedMessage, Refusal
from clairvoie.hub.changes import Reader
from clairvoie.hub.hub import Hub
from clairvoie.hub.ingest import check_peer, check_signature, speaker
from clairvoie.hub.receiving import STREAMS_TO_SPARE, answers, described, peer_of, read_body, refused
from clairvoie.hub.refusals import Code, refuse

REQUEST_TYPE = "application/vnd.clairvoie.lease-request"
GRANTS_TYPE = "application/vnd.clairvoie.grants"
LONGEST_REQUEST = 4096
PUSH_SECONDS = 15.0
LENGTH_BYTES = 4


def lease_of(hub: Hub, node: str, nonce: bytes) -> SignedDocument:
    """A lease for ``node``, signed; without a ``nonce`` a push. With no act in force it lasts no time at all."""
    trust, now = hub.authority.trust, hub.clock()
    if trust is None:
        raise refuse(Code.NOT_AUTHORISED, "this hub has no charter", node, "Give the hub a charter.")
    act = hub.authority.standing.in_force(now)
    ended = act is None or now >= act.authorisation.ends
    lease = Lease(
        deployment=hub.enrolment.deployment,
        node=node,
        issued=now,
        seconds=0 if act is None or ended or not nonce else act.authorisation.lease_seconds,
        nonce=nonce,
        documents=hub.authority.documents,
    )
    return add_signature(unsigned(LEASE_TYPE, encode_lease(lease)), trust.leases)


def granting(hub: Hub) -> APIRouter:
    """The doors of ``hub`` for leave."""
    router = APIRouter(prefix="/api/v1", tags=["nodes"])
    streams = Grants(hub)

    @router.post(
        "/leases",
        summary="Ask for a lease",
        responses=answers(400, 403, 404, 408, 413, 415, 422),
        openapi_extra=described(REQUEST_TYPE, "One signed envelope around a request for a lease."),
    )
    async def leases(request: Request) -> Response:
        """A signed document: the hub's assent for as long as the act in force says, with every act as it was signed."""
        try:
            body = await read_body(request, REQUEST_TYPE, LONGEST_REQUEST)
            envelope, nonce = judge_request(hub, body, peer_of(request))
            lease = lease_of(hub, envelope.node, nonce)
        except Refusal as refusal:
            return refused(hub.refused(refusal))
        return JSONResponse(msgspec.to_builtins(lease))

    @router.get(
        "/grants",
        summary="Be told when acts change",
        responses=answers(403, 404, 429),
        response_class=StreamingResponse,
    )
    async def grants(request: Request, node: str = "") -> Response:
        """Signed documents as JSON, each after its length in 4 bytes, most significant first, until the hub stops."""
        try:
            return StreamingResponse(streams.open(node, peer_of(request)), media_type=GRANTS_TYPE)
        except Refusal as refusal:
            return refused(hub.refused(refusal))

    return router


def judge_request(hub: Hub, body: bytes, peer: str | None) -> tuple[Envelope, bytes]:
    """The envelope and the number in a request that the node itself signed, in its present epoch."""
    try:
        envelope = decode_envelope(body)
    except MalformedMessage as error:
        raise refuse(Code.MALFORMED, error.what, None, "Send one signed envelope.") from None
    node = speaker(envelope, hub.enrolment, LEASE_DOMAIN)
    if isinstance(node, Refusal):
        raise node
    wrong = check_peer(envelope, peer) or check_signature(envelope, node)
    if wrong is not None:
        raise wrong
    try:
        return envelope, decode_request(envelope.body).nonce
    except MalformedMessage as error:
        raise refuse(Code.MALFORMED, error.what, None, "Update the node, or report this as a defect.") from None


class Grants:
    """Streams of pushes: bounded in number, ended when the hub stops or no longer believes the node."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._open = 0

    def open(self, node: str, peer: str | None) -> AsyncIterator[bytes]:
        """A stream for ``node``. Raises :class:`Refusal`."""
        self._check(node, peer)
        if self._open >= len(self._hub.enrolment.nodes) * 2 + STREAMS_TO_SPARE:
            raise refuse(Code.QUEUE_FULL, "too many streams are open", self._open, "Try again in a second.")
        lease_of(self._hub, node, b"")
        return self._frames(node, self._hub.granted.subscribe())

    def _check(self, node: str, peer: str | None) -> None:
        known = self._hub.enrolment.nodes.get(node)
        if known is None:
            raise refuse(Code.UNKNOWN_NODE, "no such node", node[:40], "Enrol it at the hub.")
        if known.revoked:
            raise refuse(Code.REVOKED, f"the key of node {node} is revoked", known.epoch, "Give the node a new key.")
        if peer is not None and peer != node:
            raise refuse(Code.WRONG_NODE, f"this connection is of node {peer}", node, "Use the node's own certificate.")

    def _believed(self, node: str) -> bool:
        known = self._hub.enrolment.nodes.get(node)
        return known is not None and not known.revoked

    async def _frames(self, node: str, changed: Reader) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            while self._believed(node):
                data = encode_document(lease_of(self._hub, node, b""))
                yield len(data).to_bytes(LENGTH_BYTES, "big") + data
                try:
                    async with asyncio.timeout(PUSH_SECONDS):
                        await anext(changed)
                except TimeoutError:
                    continue
                except StopAsyncIteration:
                    return
        finally:
            self._open -= 1
