"""Witnesses: ours follows the specification; the hub's client does what witnesses say, and waits for none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from log_house import DEPLOYMENT, KEY, NOW, LogHouse

from clairvoie.boundary import charter
from clairvoie.errors import MalformedMessage, OversightError
from clairvoie.oversight.checkpoint import ED25519, Checkpoint, Note, NoteKey, open_checkpoint, sign_note
from clairvoie.oversight.merkle import EMPTY_ROOT, consistency_ranges, leaf_hash, root_of
from clairvoie.oversight.mirror import Folder
from clairvoie.oversight.verify import verify_log
from clairvoie.oversight.witness import Asked, Refused, Seen, Witness, create_app, epochs_of, judge, read_request
from clairvoie.oversight.witnesses import SIZE_TYPE, Witnesses, encode_request, key_of

ORIGIN = f"{DEPLOYMENT}.clairvoie/ledger/0"
PUBLIC = KEY.public_key().public_bytes_raw()
LOG = NoteKey(name=ORIGIN, kind=ED25519, public=PUBLIC)
OWN = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
NAME = "ville.example/w"
LISTED = charter.Witness(
    name=NAME, public_key=OWN.public_key().public_bytes_raw().hex(), url="http://witness.example/w"
)
LEAVES = [leaf_hash(b"%d" % n) for n in range(64)]


def signed(size: int, leaves: list[bytes] = LEAVES, key: Ed25519PrivateKey = KEY, origin: str = ORIGIN) -> Note:
    text = Checkpoint(origin=origin, size=size, root=root_of(leaves[:size])).text
    return Note(text=text, signatures=(sign_note(text, origin, key),))


def asked(old: int, new: int, leaves: list[bytes] = LEAVES) -> Asked:
    proof = tuple(root_of(leaves[a:b]) for a, b in consistency_ranges(old, new)) if old <= new else ()
    return Asked(old=old, proof=proof, note=signed(new, leaves).encode())


def seen(size: int) -> dict[str, Seen]:
    return {ORIGIN: Seen(size=size, root=root_of(LEAVES[:size]).hex())}


@given(old=st.integers(0, 64), more=st.integers(0, 64))
def test_every_continuation_is_cosigned_and_no_other(old: int, more: int) -> None:
    new = min(64, old + more)
    before = seen(old) if old else {}
    answer = judge(asked(old, new), [LOG], before)
    assert isinstance(answer, Checkpoint)
    assert answer.size == new
    if old:
        forked = [leaf_hash(b"another"), *LEAVES[1:]]
        refused = judge(asked(old, new, forked), [LOG], before)
        assert isinstance(refused, Refused)
        assert refused.status == (409 if old == new else 422)


def test_each_refusal_has_the_status_of_the_specification() -> None:
    other = NoteKey(name=ORIGIN, kind=ED25519, public=OWN.public_key().public_bytes_raw())
    assert judge(asked(0, 5), [], {}) == Refused(status=404)
    assert judge(asked(0, 5), [other], {}) == Refused(status=403)
    assert judge(Asked(old=6, proof=(), note=signed(5).encode()), [LOG], {}) == Refused(status=400)
    assert judge(asked(0, 5), [LOG], seen(3)) == Refused(status=409, size=3)
    assert judge(asked(3, 5), [LOG], {}) == Refused(status=409, size=0)
    assert judge(Asked(old=0, proof=(EMPTY_ROOT,), note=signed(5).encode()), [LOG], {}) == Refused(status=422)
    assert judge(Asked(old=3, proof=(), note=signed(5).encode()), [LOG], seen(3)) == Refused(status=422)
    assert judge(Asked(old=0, proof=(), note=b"no note"), [LOG], {}) == Refused(status=400)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"old\n\n",
        b"old 01\n\nx",
        b"old -1\n\nx",
        b"new 1\n\nx",
        b"old 1\nnot base64\n\nx",
        b"old 1\nAAAA\n\nx",
        b"old 1\n" + (b"A" * 43 + b"=\n") * 64 + b"\nx",
        "old ١\n\nx".encode(),
        b"old " + b"9" * 5000 + b"\n\nx",
        b"old 99999999999999999999\n\nx",
    ],
)
def test_what_is_not_a_request_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        read_request(data)


def test_a_request_is_read_as_it_was_written() -> None:
    one = asked(3, 7)
    assert read_request(encode_request(3, one.proof, signed(7))) == one


def post(app: FastAPI, *bodies: bytes) -> list[httpx.Response]:
    async def one_by_one() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://w") as client:
            return [await client.post("/add-checkpoint", content=body) for body in bodies]

    return asyncio.run(one_by_one())


def test_a_witness_remembers_over_a_restart_and_its_answer_is_valid(tmp_path: Path) -> None:
    def started() -> Witness:
        rule = epochs_of(f"{DEPLOYMENT}.clairvoie/ledger", PUBLIC)
        return Witness(NAME, OWN, tmp_path / "seen.json", rule, clock=lambda: NOW)

    status, _, line = started().add(encode_request(0, (), signed(5)))
    assert status == 200
    opened = open_checkpoint(signed(5).encode() + line, LOG, [key_of(LISTED)])
    assert opened.cosigners == (NAME,)
    assert started().add(encode_request(0, (), signed(3)))[0] == 409
    bodies = (encode_request(0, (), signed(9)), encode_request(5, asked(5, 9).proof, signed(9)), b"x" * 80_000)
    behind, taken, too_long = post(create_app(started()), *bodies)
    assert (behind.status_code, behind.text, behind.headers["content-type"]) == (409, "5\n", SIZE_TYPE)
    assert (taken.status_code, too_long.status_code) == (200, 413)
    (tmp_path / "seen.json").write_bytes(b"{")
    with pytest.raises(OversightError, match="memory cannot be read"):
        started()


def test_all_epochs_of_a_log_are_known_and_nothing_else() -> None:
    rule = epochs_of("quai.clairvoie/ledger", PUBLIC)
    assert rule("quai.clairvoie/ledger/7")[0].name == "quai.clairvoie/ledger/7"
    others = (
        "quai.clairvoie/ledger/07",
        "quai.clairvoie/ledger/x",
        "quai.clairvoie/ledger/" + "9" * 5000,
        "other/0",
        "",
    )
    assert [rule(origin) for origin in others] == [[]] * 5


class Neighbour:
    """A witness next door that the house's hub asks, over a transport that can be broken."""

    def __init__(self, house: LogHouse) -> None:
        self.witness = Witness(
            NAME, OWN, house.folder / "seen.json", epochs_of(f"{DEPLOYMENT}.clairvoie/ledger", PUBLIC)
        )
        self.answer: Callable[[httpx.Request], httpx.Response] = self.honest
        self.asked = 0
        house.witnesses = lambda: Witnesses(
            [LISTED], clock=lambda: house.now, transport=lambda: httpx.MockTransport(self.reply), needed=1
        )
        house.again()

    def reply(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        assert str(request.url) == "http://witness.example/w/add-checkpoint"
        return self.answer(request)

    def honest(self, request: httpx.Request) -> httpx.Response:
        status, kind, body = self.witness.add(request.read())
        return httpx.Response(status, content=body, headers={"content-type": kind})


@pytest.fixture
def neighbour(house: LogHouse) -> Neighbour:
    return Neighbour(house)


def cosigners(house: LogHouse) -> tuple[str, ...]:
    assert house.publisher.head is not None
    return house.publisher.head.cosigners


def test_each_checkpoint_is_cosigned_before_it_is_published(house: LogHouse, neighbour: Neighbour) -> None:
    for count in (2, 300, 1):
        house.acts(count)
        house.publisher.publish()
        assert cosigners(house) == (NAME,)
    house.again()  # the new client does not know what the witness holds, and is told by 409
    house.acts(1)
    house.publisher.publish()
    assert cosigners(house) == (NAME,)
    assert neighbour.witness.seen[ORIGIN].size == 305


def no_answer(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectTimeout("nobody there", request=request)


@pytest.mark.parametrize(
    "answer",
    [
        no_answer,
        lambda _request: httpx.Response(500),
        lambda _request: httpx.Response(200, content=b"nonsense"),
        lambda _request: httpx.Response(200, content=signed(1, key=OWN).signatures[0].encode().encode()),
        lambda _request: httpx.Response(409, content=b"many", headers={"content-type": SIZE_TYPE}),
        lambda _request: httpx.Response(200, content=b"x" * 100_000),
    ],
)
def test_a_witness_that_fails_holds_up_nothing_and_is_asked_again_later(
    house: LogHouse, neighbour: Neighbour, answer: Callable[[httpx.Request], httpx.Response]
) -> None:
    neighbour.answer = answer
    house.acts(1)
    house.publisher.publish()
    assert cosigners(house) == ()
    assert verify_log(Folder(house.publisher.place), house.trust()).size == 2
    times = neighbour.asked
    house.acts(1)
    house.publisher.publish()
    assert neighbour.asked == times
    neighbour.answer = neighbour.honest
    house.now += 31
    house.publisher.publish()  # nothing is new, but somebody who has not cosigned can be asked again
    assert cosigners(house) == (NAME,)


def test_a_witness_that_never_ends_its_answer_is_left_behind(house: LogHouse, neighbour: Neighbour) -> None:
    over = threading.Event()

    def silent(_request: httpx.Request) -> httpx.Response:
        over.wait(60)
        return httpx.Response(500)

    neighbour.answer = silent
    house.acts(1)
    house.publisher.publish()
    assert not over.is_set()
    assert cosigners(house) == ()
    over.set()


def test_a_whole_machine_restored_is_told_by_its_witness_and_begins_an_epoch(
    house: LogHouse, neighbour: Neighbour
) -> None:
    house.acts(2)
    house.publisher.publish()
    house.back_up()
    folder = {path: path.read_bytes() for path in house.log.rglob("*") if path.is_file()}
    house.acts(4)
    house.publisher.publish()
    house.close()
    for path in house.log.rglob("*"):
        if path.is_file():
            path.unlink()
    for path, data in folder.items():
        path.write_bytes(data)
    house.open()
    house.restore()
    assert house.ledger.epoch == 0, "store and folder agree, so nothing but the witness can tell"
    house.acts(1)
    house.publisher.publish()
    house.publisher.publish()
    assert house.ledger.epoch == 1
    assert cosigners(house) == (NAME,)
    old, new = (verify_log(Folder(house.log / str(epoch)), house.trust(epoch)) for epoch in (0, 1))
    assert (old.faults, old.notices, new.faults, old.size, new.size) == ((), (), (), 3, 2)
    assert new.first is not None
    assert new.first.entry.detail["reason"] == f"witness {NAME} has cosigned another log of 7 entries"
    assert neighbour.witness.seen[ORIGIN].size == 7


def test_a_witness_that_always_disagrees_cannot_end_every_epoch(house: LogHouse, neighbour: Neighbour) -> None:
    neighbour.answer = lambda _request: httpx.Response(409, content=b"999\n", headers={"content-type": SIZE_TYPE})
    for _ in range(6):
        house.acts(1)
        house.publisher.publish()
    assert house.ledger.epoch == 1
    assert verify_log(Folder(house.publisher.place), house.trust(1)).size > 1
