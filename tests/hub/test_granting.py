"""Leases are for nodes that ask in their own name, and a suspension is at every connected node at once."""

from __future__ import annotations

from dataclasses import replace as changed
from pathlib import Path

import httpx
import pytest
from hub_street import (
    DEPLOYMENT,
    LEAVE,
    NOW,
    SENSORS,
    Clock,
    Served,
    Street,
    authorisation,
    give_leave,
    key_of,
    settings_at,
)
from open_hub import open_hub, pushes

from clairvoie.boundary.authorisation import ObservationKind, Reporting
from clairvoie.boundary.document import LEASE_TYPE, SignedDocument, decode_document, encode_document, signers_of
from clairvoie.boundary.lease import Lease, LeaseRequest, decode_lease, encode_request
from clairvoie.boundary.reading import Change
from clairvoie.boundary.signed import LEASE_DOMAIN, RECORD_DOMAIN, encode_envelope, sign
from clairvoie.boundary.standing import standing_of
from clairvoie.hub.granting import GRANTS_TYPE, LONGEST_REQUEST, REQUEST_TYPE, Grants
from clairvoie.hub.refusals import STATUS, Code

NONCE = bytes(range(16))


def request_of(node: str = "node-1", **changes: object) -> bytes:
    fields: dict[str, object] = {
        "domain": LEASE_DOMAIN, "deployment": DEPLOYMENT, "node": node, "epoch": 0, "sensor": node, "sequence": 1,
        "body": encode_request(LeaseRequest(nonce=NONCE)), **changes,
    }  # fmt: skip
    return encode_envelope(sign(fields.pop("key", key_of(node)), **fields))  # type: ignore[arg-type]


def ask(served: Served, body: bytes, **headers: str) -> httpx.Response:
    return served.ask("POST", "/api/v1/leases", content=body, headers={"content-type": REQUEST_TYPE, **headers})


def read(document: SignedDocument) -> Lease:
    """A lease, which must be signed with the charter's key for leases."""
    assert document.payload_type == LEASE_TYPE
    assert signers_of(document, {"hub": LEAVE.charter.leases}) == {"hub"}
    return decode_lease(document.body)


def test_a_lease_repeats_the_question_and_brings_time_and_every_act(served: Served, tmp_path: Path) -> None:
    give_leave(tmp_path, LEAVE.signed(authorisation(number=2, starts=NOW + 100, lease_seconds=60)))
    served.hub.look_at_acts()
    lease = read(decode_document(ask(served, request_of()).content))
    assert (lease.deployment, lease.node, lease.nonce) == (DEPLOYMENT, "node-1", NONCE)
    assert (lease.issued, lease.seconds) == (NOW, 900)
    standing, rejected = standing_of(LEAVE.charter, lease.documents)
    assert standing == served.hub.authority.standing
    assert (len(standing.acts), rejected) == (2, ())
    served.clock.at += 100
    assert read(decode_document(ask(served, request_of("node-2")).content)).seconds == 60


@pytest.mark.parametrize("act", [{"ends": NOW}, {"starts": NOW + 1}])
def test_with_no_act_in_force_a_lease_lasts_no_time(tmp_path: Path, act: dict[str, int]) -> None:
    with Served.of(settings_at(tmp_path, authorisation(**act)), Street()) as served:
        lease = read(decode_document(ask(served, request_of()).content))
        assert lease.seconds == 0
        assert len(lease.documents) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (request_of(deployment="elsewhere"), "unknown-deployment"),
        (request_of("node-9"), "unknown-node"),
        (request_of(epoch=1), "wrong-epoch"),
        (request_of(key=key_of("node-2")), "bad-signature"),
        (request_of(domain=RECORD_DOMAIN), "invalid-content"),
        (request_of(body=b"\xc1"), "malformed"),
        (request_of(body=b""), "malformed"),
        (request_of()[:-1], "malformed"),
        (b"", "malformed"),
        (bytes(LONGEST_REQUEST + 1), "oversized"),
    ],
)
def test_whoever_is_not_a_node_of_this_hub_gets_none(served: Served, body: bytes, code: str) -> None:
    answer = ask(served, body)
    assert (answer.status_code, answer.json()["code"]) == (STATUS[Code(code)], code)
    assert [(r.code, r.count) for r in served.desk.refusals()] == [(code, 1)]


def test_another_media_type_is_refused(served: Served) -> None:
    answer = served.ask("POST", "/api/v1/leases", content=request_of(), headers={"content-type": "text/plain"})
    assert answer.json()["code"] == "wrong-type"


def test_a_hub_without_charter_has_nothing_to_give(tmp_path: Path) -> None:
    with Served.of(settings_at(tmp_path, charter=None), Street()) as served:
        assert ask(served, request_of()).json()["code"] == "not-authorised"
        assert served.ask("GET", "/api/v1/grants?node=node-1").json()["code"] == "not-authorised"


@pytest.mark.parametrize("query", ["", "?node=", "?node=node-9", "?node=" + "x" * 1000])
def test_only_nodes_are_told(served: Served, query: str) -> None:
    answer = served.ask("GET", "/api/v1/grants" + query)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-node")


def test_a_suspension_reaches_a_connected_node_by_itself(tmp_path: Path) -> None:
    """The file appears; nobody asks for anything; the node has it. How long that takes is in the documentation."""
    levels = Reporting(SENSORS[0].id, ObservationKind.LEVELS)
    with open_hub(settings_at(tmp_path), Clock()) as (url, hub):
        query = {"node": "node-1"}
        with httpx.stream("GET", f"{url}/api/v1/grants", params=query, timeout=30) as answer:
            assert answer.headers["content-type"] == GRANTS_TYPE
            coming = pushes(answer)
            document, first = next(coming)
            assert (read(document).nonce, first.seconds, first.node) == (b"", 0, "node-1")
            assert standing_of(LEAVE.charter, first.documents)[0].denial(levels, NOW) is None
            give_leave(tmp_path, LEAVE.suspended(first.documents[0], NOW))
            for document, lease in coming:
                standing = standing_of(LEAVE.charter, read(document) and lease.documents)[0]
                if standing.denial(levels, NOW) == "suspended":
                    break
            assert hub.authority.leave.denial(levels, NOW) == "suspended"


def test_a_node_whose_key_is_revoked_gets_neither_lease_nor_push(served: Served) -> None:
    node = served.hub.enrolment.nodes["node-1"]
    revoked = changed(served.hub.enrolment, nodes={"node-1": changed(node, revoked=True)})

    async def scenario() -> int:
        pushed = Grants(served.hub).open("node-1", None)
        assert await anext(pushed)
        served.hub.enrol(revoked, served.hub.lives)
        served.hub.granted.publish(Change.ACTS)
        return len([frame async for frame in pushed])

    assert served.runner.run(scenario()) == 0
    assert ask(served, request_of()).json()["code"] == "revoked"
    assert served.ask("GET", "/api/v1/grants?node=node-1").json()["code"] == "revoked"


def test_streams_end_when_the_hub_stops_and_are_counted_out(tmp_path: Path) -> None:
    with open_hub(settings_at(tmp_path), Clock()) as (url, hub):
        client = httpx.Client(timeout=30, limits=httpx.Limits(max_connections=None))
        most = len(hub.enrolment.nodes) * 2 + 8
        opened = []
        for _ in range(most):
            request = client.build_request("GET", f"{url}/api/v1/grants", params={"node": "node-1"})
            answer = client.send(request, stream=True)
            coming = pushes(answer)
            next(coming)
            opened.append(coming)
        refused = client.get(f"{url}/api/v1/grants", params={"node": "node-1"})
        assert (refused.status_code, refused.json()["code"]) == (429, "queue-full")
        hub.end_streams()
        assert [list(coming) for coming in opened] == [[]] * most
        client.close()


def test_a_lease_survives_the_pipe_as_it_was_signed(served: Served) -> None:
    document = decode_document(ask(served, request_of()).content)
    assert decode_document(encode_document(document)) == document
