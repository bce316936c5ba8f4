"""The uplink against a hub that misbehaves: nothing is lost, nothing is stuck, the newest tick wins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fake_hub import FakeHub, problem
from starlette.responses import JSONResponse, Response

from clairvoie.boundary.bulletin import Bulletin, ImpulseEvent
from clairvoie.boundary.signed import RECORD_DOMAIN, TICK_DOMAIN, Envelope, encode_envelope, sign
from clairvoie.boundary.wire import Record, SecondEvents, Tick, encode_body
from clairvoie.egress.outbox import Outbox, Outgoing
from clairvoie.egress.uplink import LiveSender, RecordSender

KEY = Ed25519PrivateKey.generate()
SECOND = 1_800_000_000


def signed(domain: str, sensor: str, sequence: int, body: bytes) -> Envelope:
    return sign(
        KEY, domain=domain, deployment="town", node="node-1", epoch=0, sensor=sensor, sequence=sequence, body=body
    )


def outgoing(sequence: int) -> Outgoing:
    event = ImpulseEvent(identifier=sequence, mode=0, age=1, sigma=0, level=1)
    content = SecondEvents(sensor="mic-1", second=SECOND + sequence, events=(event,))
    body = encode_body(Record(sequence=sequence, content=content))
    return Outgoing(form="events", envelope=signed(RECORD_DOMAIN, "mic-1", sequence, body))


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "outbox.sqlite")
    opened.commit([], [outgoing(n) for n in range(1, 21)])
    yield opened
    opened.close()


@pytest.fixture
def hub() -> FakeHub:
    return FakeHub(KEY.public_key())


def deliver(outbox: Outbox, hub: FakeHub, uploads: int = 200, transport: httpx.AsyncBaseTransport | None = None) -> int:
    """Send until the outbox is empty or ``uploads`` have been tried; returns how many were."""

    async def send() -> int:
        async with httpx.AsyncClient(
            transport=transport or httpx.ASGITransport(hub.app), base_url="http://hub"
        ) as client:
            sender = RecordSender(outbox, client, structlog.get_logger())
            for number in range(uploads):
                try:
                    if await sender.send_once() is None:
                        return number
                except httpx.HTTPError:
                    continue
        return uploads

    return asyncio.run(send())


def stored(hub: FakeHub) -> list[int]:
    return sorted(sequence for _, sequence in hub.records)


def test_everything_arrives_in_one_upload_and_is_forgotten(outbox: Outbox, hub: FakeHub) -> None:
    assert deliver(outbox, hub) == 1
    assert stored(hub) == list(range(1, 21))
    assert outbox.status().waiting == 0


def test_a_lost_answer_means_sending_again_and_storing_once(outbox: Outbox, hub: FakeHub) -> None:
    inner = httpx.ASGITransport(hub.app)
    lost = iter([True, True, False])

    class LosesAnswers(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await inner.handle_async_request(request)
            if next(lost):
                raise httpx.ReadError("the line was cut before the answer came")
            return response

    deliver(outbox, hub, transport=LosesAnswers())
    assert stored(hub) == list(range(1, 21))
    assert hub.duplicates == 40
    assert outbox.status().waiting == 0


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422])
def test_a_record_refused_by_its_index_is_set_aside_and_the_others_arrive(
    outbox: Outbox, hub: FakeHub, status: int
) -> None:
    def refuse_seven(batch: tuple[Envelope, ...]) -> Response | None:
        found = [n for n, envelope in enumerate(batch) if envelope.sequence == 7]
        return problem(status, "some-code", found[0]) if found else None

    hub.misbehaviour = refuse_seven
    deliver(outbox, hub)
    assert stored(hub) == [n for n in range(1, 21) if n != 7]
    assert [(code, what) for _, code, what in outbox.refusals()] == [("some-code", "said by the fake hub")]


@pytest.mark.parametrize("bad", [{1}, {20}, {3, 4, 17}, set(range(1, 21))])
def test_records_refused_without_an_index_are_found_by_halving(outbox: Outbox, hub: FakeHub, bad: set[int]) -> None:
    hub.misbehaviour = lambda batch: (
        problem(422, "invalid-content") if bad & {envelope.sequence for envelope in batch} else None
    )
    deliver(outbox, hub)
    assert stored(hub) == [n for n in range(1, 21) if n not in bad]
    assert len(outbox.refusals()) == len(bad)


OF_THE_NODE = [
    (404, "unknown-deployment"), (404, "unknown-node"), (404, "unknown-sensor"), (403, "wrong-epoch"),
    (403, "bad-signature"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code"), OF_THE_NODE)
def test_while_the_hub_does_not_know_the_node_everything_waits_and_then_arrives(
    outbox: Outbox, hub: FakeHub, status: int, code: str
) -> None:
    hub.misbehaviour = lambda _: problem(status, code, 0)
    deliver(outbox, hub, uploads=5)
    assert (outbox.status().waiting, outbox.refusals()) == (20, [])
    hub.misbehaviour = lambda _: None
    deliver(outbox, hub)
    assert stored(hub) == list(range(1, 21))
    assert outbox.refusals() == []


def test_a_sensor_that_the_hub_does_not_know_waits_with_the_others(outbox: Outbox, hub: FakeHub) -> None:
    hub.misbehaviour = lambda batch: next(
        (problem(404, "unknown-sensor", n) for n, envelope in enumerate(batch) if envelope.sequence == 7), None
    )
    deliver(outbox, hub, uploads=5)
    assert (outbox.status().waiting, outbox.refusals()) == (20, [])
    hub.misbehaviour = lambda _: None
    deliver(outbox, hub)
    assert stored(hub) == list(range(1, 21))


@pytest.mark.parametrize("code", ["wrong-epoch", "bad-signature"])
@pytest.mark.parametrize("bad", [{1}, {20}, {3, 4, 17}, set(range(1, 20))])
def test_records_of_an_earlier_key_do_not_hold_up_those_of_the_present_one(
    outbox: Outbox, hub: FakeHub, code: str, bad: set[int]
) -> None:
    def refuse(batch: tuple[Envelope, ...]) -> Response | None:
        found = [n for n, envelope in enumerate(batch) if envelope.sequence in bad]
        return problem(403, code, found[0]) if found else None

    hub.misbehaviour = refuse
    deliver(outbox, hub)
    assert stored(hub) == [n for n in range(1, 21) if n not in bad]
    assert len(outbox.refusals()) == len(bad)


def test_a_sensor_that_the_hub_does_not_know_holds_up_nobody_else(outbox: Outbox, hub: FakeHub) -> None:
    other = SecondEvents(
        sensor="mic-2", second=SECOND, events=(ImpulseEvent(identifier=1, mode=0, age=1, sigma=0, level=1),)
    )
    bodies = [encode_body(Record(sequence=n, content=other)) for n in (1, 2, 3)]
    outbox.commit(
        [],
        [Outgoing(form="events", envelope=signed(RECORD_DOMAIN, "mic-2", n, b)) for n, b in enumerate(bodies, start=1)],
    )
    hub.misbehaviour = lambda batch: next(
        (problem(404, "unknown-sensor", n) for n, envelope in enumerate(batch) if envelope.sensor == "mic-1"), None
    )
    deliver(outbox, hub)
    assert sorted(hub.records) == [("mic-2", 1), ("mic-2", 2), ("mic-2", 3)]
    assert (outbox.status().waiting, outbox.refusals()) == (20, [])
    hub.misbehaviour = lambda _: None
    deliver(outbox, hub)
    assert len(hub.records) == 23


@pytest.mark.parametrize("code", ["not-authorised", "suspended"])
def test_what_nobody_allowed_is_erased_and_counted_never_set_aside(outbox: Outbox, hub: FakeHub, code: str) -> None:
    hub.misbehaviour = lambda batch: next(
        (problem(403, code, n) for n, envelope in enumerate(batch) if envelope.sequence > 15), None
    )
    deliver(outbox, hub)
    status = outbox.status()
    assert (stored(hub), status.waiting, status.refused, status.erased) == (list(range(1, 16)), 0, 0, 5)


@pytest.mark.parametrize(("status", "code"), [(403, "revoked"), (422, "unsupported-version")])
def test_while_the_node_is_revoked_or_newer_than_its_hub_everything_waits(
    outbox: Outbox, hub: FakeHub, status: int, code: str
) -> None:
    hub.misbehaviour = lambda batch: problem(status, code, len(batch) - 1)
    deliver(outbox, hub, uploads=4)
    assert (outbox.status().waiting, outbox.refusals(), outbox.status().erased) == (20, [], 0)


def test_waiting_for_the_hub_to_know_the_node_is_told_loudly_with_what_to_do(outbox: Outbox, hub: FakeHub) -> None:
    answer = {"code": "unknown-node", "what": "no such node", "index": 0, "remedy": "Enrol it at the hub."}
    hub.misbehaviour = lambda _: JSONResponse(answer, 404)

    async def run_a_while() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(hub.app), base_url="http://hub") as client:
            running = asyncio.create_task(RecordSender(outbox, client, structlog.get_logger()).run())
            while not [line for line in logged if line["log_level"] == "error"]:
                await asyncio.sleep(0)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    with structlog.testing.capture_logs() as logged:
        asyncio.run(run_a_while())
    told = next(line for line in logged if line["log_level"] == "error")
    assert (told["code"], told["remedy"]) == ("unknown-node", "Enrol it at the hub.")
    assert outbox.status().waiting == 20


def test_equivocation_sets_aside_one_record(outbox: Outbox, hub: FakeHub) -> None:
    other = FakeHub()
    deliver(outbox, other)
    hub.records[("mic-1", 5)] = other.records[("mic-1", 6)]
    outbox.commit([], [outgoing(n) for n in range(1, 21)])
    deliver(outbox, hub)
    assert stored(hub) == list(range(1, 21))
    assert [code for _, code, _ in outbox.refusals()] == ["equivocation"]


def test_already_stored_is_as_good_as_stored(outbox: Outbox, hub: FakeHub) -> None:
    hub.misbehaviour = lambda _: problem(409, "already-stored")
    assert deliver(outbox, hub) == 1
    assert outbox.status().waiting == 0
    assert outbox.refusals() == []


@pytest.mark.parametrize(
    "answer",
    [
        Response("<html>not here</html>", 404),
        Response("proxy says no", 403),
        Response(b'{"accepted": 3, "duplicates": 0}', 200),
        Response(b"[1, 2", 200),
        problem(429, "queue-full"),
        problem(408, "too-slow"),
        problem(503, "store-unavailable"),
        Response("", 302, {"location": "http://elsewhere.example/"}),
    ],
    ids=lambda answer: f"{answer.status_code} {bytes(answer.body)[:12]!r}",
)
def test_an_answer_that_is_not_the_hubs_own_refusal_loses_nothing(
    outbox: Outbox, hub: FakeHub, answer: Response
) -> None:
    hub.misbehaviour = lambda _: answer
    deliver(outbox, hub, uploads=3)
    assert outbox.status().waiting == 20
    assert outbox.refusals() == []
    hub.misbehaviour = lambda _: None
    deliver(outbox, hub)
    assert stored(hub) == list(range(1, 21))


def test_a_record_that_the_disk_damaged_does_not_block_the_others(outbox: Outbox, hub: FakeHub) -> None:
    outbox._database.execute("UPDATE records SET envelope = x'00ff' WHERE id = 4")
    deliver(outbox, hub)
    assert stored(hub) == [n for n in range(1, 21) if n != 4]
    assert [code for _, code, _ in outbox.refusals()] == ["damaged"]


def live(hub: FakeHub, act: Callable[[LiveSender], Awaitable[Any]]) -> None:
    """Run a live sender against ``hub``, served on a port, while ``act`` feeds it."""

    async def both(port: int) -> None:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            sender = LiveSender(client, structlog.get_logger())
            running = asyncio.create_task(sender.run())
            await act(sender)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    with hub.serve() as port:
        asyncio.run(both(port))


def tick(second: int) -> bytes:
    body = encode_body(Tick(second=second, bulletins=(Bulletin(sensor="mic-1", second=second),)))
    return encode_envelope(signed(TICK_DOMAIN, "node-1", second, body))


def test_ticks_stream_as_they_come_and_only_the_newest_waits(hub: FakeHub) -> None:
    async def act(sender: LiveSender) -> None:
        for second in (1, 2, 3):
            sender.offer(tick(SECOND + second))  # nobody has taken the first two: they are old by now
        assert await asyncio.to_thread(hub.wait_for, lambda: len(hub.ticks) == 1)
        sender.offer(tick(SECOND + 4))
        assert await asyncio.to_thread(hub.wait_for, lambda: len(hub.ticks) == 2)

    live(hub, act)
    assert [t.second for t in hub.ticks] == [SECOND + 3, SECOND + 4]
    assert len(hub.tick_sizes) == 1
