"""The node door on a real socket: who is let in, who is not, and who is shown out."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from open_door import LOOPBACK, OpenDoor
from sqlalchemy import func, select

from clairvoie.boundary.document import decode_document
from clairvoie.boundary.entry import EntryKind
from clairvoie.boundary.life import SensorState, requested
from clairvoie.errors import Refusal
from clairvoie.hub import schema
from clairvoie.hub.certificates import NODE_DAYS, authority_in
from clairvoie.hub.node_door import judge_peer
from clairvoie.hub.receiving import LIVE_TYPE


@pytest.fixture(scope="module")
def shared_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenDoor]:
    with OpenDoor.of(tmp_path_factory.mktemp("door")) as door:
        yield door


@pytest.fixture
def own_door(tmp_path: Path) -> Iterator[OpenDoor]:
    """A door of its own, for tests that change who is enrolled."""
    with OpenDoor.of(tmp_path) as door:
        yield door


def stored(door: OpenDoor) -> int:
    with door.hub.store.reading() as connection:
        return connection.execute(select(func.count()).select_from(schema.records)).scalar_one()


def turned_away(door: OpenDoor, context: ssl.SSLContext) -> None:
    """The handshake, or the first thing said after it, fails; no request reaches the hub."""
    before = door.hub.refusals.all()
    with door.client(context=context) as client, pytest.raises(httpx.TransportError):
        door.upload(client, door.record(0))
    assert (stored(door), door.hub.refusals.all()) == (0, before)


def test_an_enrolled_node_delivers_records_streams_and_is_told_apart(own_door: OpenDoor) -> None:
    door = own_door
    with door.client(*door.files(0)) as client:
        assert door.upload(client, door.record(0)).json() == {"accepted": 1, "duplicates": 0}
        assert door.live(client, iter([door.frame(0)])).json() == {"accepted": 1}
        assert client.get("/api/v1/grants", params={"node": "lamp-1"}).json()["code"] in ("wrong-node", "unknown-node")
        assert door.ask_lease(client, 0).status_code == 200
        wrong = door.ask_lease(client, 1)
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong-node")
        wrong = door.upload(client, door.record(1))
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong-node")
        wrong = door.live(client, iter([door.frame(1)]))
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong-node")
    assert stored(door) == 1


def test_no_certificate(shared_door: OpenDoor) -> None:
    turned_away(shared_door, shared_door.context())


def test_a_certificate_of_another_authority(shared_door: OpenDoor, tmp_path: Path) -> None:
    foreign = authority_in(tmp_path, "town", datetime.datetime.now(datetime.UTC))
    turned_away(shared_door, shared_door.context(issued(shared_door, tmp_path, foreign), shared_door.files(0)[1]))


def test_an_expired_certificate(shared_door: OpenDoor, tmp_path: Path) -> None:
    own = authority_in(shared_door.town.folder / "keys", "town", datetime.datetime.now(datetime.UTC))
    expired = issued(shared_door, tmp_path, own, days=-1 / 48)
    turned_away(shared_door, shared_door.context(expired, shared_door.files(0)[1]))


def test_the_door_s_own_certificate_is_none_for_a_node(shared_door: OpenDoor) -> None:
    keys = shared_door.town.folder / "keys"
    turned_away(shared_door, shared_door.context(keys / "door.crt", keys / "door.pem"))


def test_tls_1_2(shared_door: OpenDoor) -> None:
    old = shared_door.context(*shared_door.files(0))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    turned_away(shared_door, old)


def test_without_tls(shared_door: OpenDoor) -> None:
    with httpx.Client(base_url=shared_door.url.replace("https", "http")) as client, pytest.raises(httpx.TransportError):
        shared_door.upload(client, shared_door.record(0))
    assert stored(shared_door) == 0


def test_a_certificate_that_no_act_names(shared_door: OpenDoor, tmp_path: Path) -> None:
    """Whoever holds the authority's key, but no technician's, gets no further than the door."""
    own = authority_in(shared_door.town.folder / "keys", "town", datetime.datetime.now(datetime.UTC))
    with shared_door.client(issued(shared_door, tmp_path, own), shared_door.files(0)[1]) as client:
        answer = shared_door.upload(client, shared_door.record(0))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-node")
    assert stored(shared_door) == 0


def test_a_node_cannot_pose_as_the_hub(shared_door: OpenDoor) -> None:
    """A server that shows a node's certificate: no client that believes the same authority takes it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*shared_door.files(1))
    listener = socket.create_server((LOOPBACK, 0))

    def answer() -> None:
        connection, _ = listener.accept()
        with connection, pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_side=True).recv(1)

    thread = threading.Thread(target=answer)
    thread.start()
    ours = shared_door.context(*shared_door.files(0))
    ours.check_hostname = False  # the purpose alone must tell them apart
    with (
        socket.create_connection(listener.getsockname()) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match="purpose"),
    ):
        ours.wrap_socket(plain)
    thread.join()
    listener.close()


def test_a_certificate_that_ends_while_it_is_in_use_closes_its_connections(shared_door: OpenDoor) -> None:
    pem = shared_door.files(0)[0].read_text()
    now = datetime.datetime.now(datetime.UTC)
    enrolment = shared_door.hub.enrolment
    assert judge_peer(pem, enrolment, now) == "lamp-0"
    assert judge_peer(pem, enrolment, now + datetime.timedelta(days=NODE_DAYS - 1)) == "lamp-0"
    ended = judge_peer(pem, enrolment, now + datetime.timedelta(days=NODE_DAYS + 1))
    assert isinstance(ended, Refusal)
    assert ended.code == "revoked"


def test_a_certificate_that_an_act_gives_to_another_node_than_it_names_opens_nothing(shared_door: OpenDoor) -> None:
    """An act by a technician who mistook, or meant, one node's certificate for another's."""
    pem = shared_door.files(0)[0].read_text()
    enrolment = shared_door.hub.enrolment
    exchanged = {digest: "lamp-1" for digest, node in enrolment.certificates.items() if node == "lamp-0"}
    assert exchanged
    judged = judge_peer(pem, replace(enrolment, certificates=exchanged), datetime.datetime.now(datetime.UTC))
    assert isinstance(judged, Refusal)
    assert judged.code == "wrong-node"


def test_the_door_renews_its_own_certificate_while_it_is_open(own_door: OpenDoor) -> None:
    def shown() -> object:
        with own_door.speaking(0) as stream:
            return stream.getpeercert()["serialNumber"]

    before = shown()
    own_door.server.renew()
    assert shown() != before


def test_behind_the_door_are_the_routes_of_nodes_only(shared_door: OpenDoor) -> None:
    with shared_door.client(*shared_door.files(0)) as client:
        for path in ("/", "/sensors", "/api/v1/incidents", "/api/v1/sensors", "/api/openapi.json", "/metrics"):
            assert client.get(path).status_code == 404, path


@pytest.mark.parametrize(
    "request_line", ["GET /api/v1/grants?node=lamp-0 HTTP/1.1", "POST /api/v1/live HTTP/1.1\r\ncontent-length: 9"]
)
def test_a_revoked_node_is_shown_out_at_once(own_door: OpenDoor, request_line: str) -> None:
    """Its open stream ends though it says nothing, and it does not come in again; what it said before stays."""
    door = own_door
    with door.client(*door.files(0)) as client, door.speaking(0) as stream:
        assert door.upload(client, door.record(0)).status_code == 200
        stream.sendall(f"{request_line}\r\nhost: hub\r\ncontent-type: {LIVE_TYPE}\r\n\r\n".encode())
        door.wait_until_open()
        door.town.done("revoke", "lamp-0", "--reason", "stolen", *door.town.signing)
        door.registrar.look()
        said_last = b"".join(door.until_ended(stream))
        assert not said_last.startswith(b"HTTP/1.1 403"), "it was let in"
        answer = door.upload(client, door.record(0, 2))
    assert (answer.status_code, answer.json()["code"]) == (403, "revoked")
    assert stored(door) == 1
    with door.client(*door.files(1)) as other:
        assert door.upload(other, door.record(1)).status_code == 200


def test_acts_are_entries_and_need_no_restart(own_door: OpenDoor) -> None:
    door = own_door
    lives = door.ledger.of(EntryKind.LIFE)
    assert len(lives) == 2 + 2 * 4
    assert {entry.who for entry in lives} == {"technician"}
    assert [e.detail["state"] for e in lives if e.about == "mic-0"] == [*SensorState][:4]
    door.town.enrol(range(5, 6))
    door.registrar.look()
    assert door.hub.enrolment.state("mic-5") is SensorState.PLANNED
    assert len(door.ledger.of(EntryKind.LIFE)) == len(lives) + 2


def test_a_deleted_file_undoes_nothing(own_door: OpenDoor) -> None:
    door = own_door
    for path in (door.town.folder / "lives").glob("*.json"):
        path.unlink()
    door.registrar.look()
    assert door.hub.enrolment.state("mic-0") is SensorState.ACTIVE
    assert door.hub.enrolment.certificates


def issued(door: OpenDoor, folder: Path, authority, **more: float) -> Path:
    """Another certificate for the connection key of node 0."""
    request = requested(decode_document((door.town.folder / "node-0" / "request.json").read_bytes()))
    certificate = authority.issue_node(request, datetime.datetime.now(datetime.UTC), **more)
    path = folder / "issued.crt"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return path
