"""The doors: each kind of bad upload is a clear 4xx, counted, with nothing stored, and the hub goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hub_street import DEPLOYMENT, Served, begin
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clairvoie.boundary.signed import MAXIMUM_BATCH_BYTES, encode_batch, encode_envelope
from clairvoie.boundary.wire import BULLETIN_BYTES
from clairvoie.hub.receiving import LIVE_TYPE, RECORDS_TYPE
from clairvoie.hub.refusals import STATUS, Code


def refused(served: Served, response, status: int, code: str) -> dict[str, object]:
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code), problem
    assert STATUS[Code(code)] == status
    assert problem["what"]
    assert problem["remedy"]
    assert served.count() == 0
    assert [(r.code, r.count) for r in served.desk.refusals()] == [(code, 1)]
    assert f'clairvoie_refusals_total{{code="{code}"}} 1.0' in served.ask("GET", "/metrics").text
    assert served.upload(served.street.events("mic-far", begin(99))).status_code == 200, "the hub goes on"
    return problem


def test_records_are_stored_acknowledged_and_known_again(served, street) -> None:
    one, two = street.events("mic-a", begin()), street.minute("mic-b", 1_795_316_580)
    assert served.upload(one, two).json() == {"accepted": 2, "duplicates": 0}
    assert served.upload(one, street.events("mic-b", begin())).json() == {"accepted": 1, "duplicates": 1}
    again = served.upload(one, two)
    assert (again.status_code, again.json()["code"]) == (409, "already-stored")
    assert served.count() == 3


def test_malformed(served) -> None:
    refused(served, served.upload(body=b"\x93not a batch"), 400, "malformed")


def test_wrong_type(served, street) -> None:
    body = encode_batch((street.events("mic-a", begin()),))
    response = served.ask("POST", "/api/v1/records", content=body, headers={"content-type": "application/json"})
    refused(served, response, 415, "wrong-type")


def test_announced_too_large_is_refused_unread(served) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    headers = {"content-type": RECORDS_TYPE, "content-length": str(MAXIMUM_BATCH_BYTES + 1)}
    response = served.ask("POST", "/api/v1/records", content=never(), headers=headers)
    refused(served, response, 413, "oversized")


def test_too_large_without_saying_so_is_refused_on_the_way(served) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 65_536
            yield bytes(65_536)

    response = served.ask("POST", "/api/v1/records", content=endless(), headers={"content-type": RECORDS_TYPE})
    refused(served, response, 413, "oversized")
    assert read <= MAXIMUM_BATCH_BYTES + 2 * 65_536


def test_too_many_records(served, street) -> None:
    envelope = street.events("mic-a", begin())
    refused(served, served.upload(*[envelope] * 501), 413, "oversized")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"key": "node-2"}, 403, "bad-signature"),
        ({"epoch": 3}, 403, "wrong-epoch"),
        ({"node": "node-7"}, 404, "unknown-node"),
        ({"sensor": "mic-z", "node": "node-1"}, 404, "unknown-sensor"),
        ({"deployment": "elsewhere"}, 404, "unknown-deployment"),
    ],
)
def test_wrongly_signed_and_unknown(served, street, changes, status, code) -> None:
    good = street.events("mic-b", begin())
    fields = {"sensor": "mic-a", "sequence": 1, "body": good.body, "deployment": DEPLOYMENT, **changes}
    problem = refused(served, served.upload(good, street.signed(**fields)), status, code)
    assert problem["index"] == 1


def test_from_the_future(served, street) -> None:
    refused(served, served.upload(street.events("mic-a", begin(), second=2_000_000_000)), 422, "from-the-future")


def test_equivocation(served, street) -> None:
    served.upload(street.events("mic-a", begin()))
    response = served.upload(street.events("mic-a", begin(7), sequence=1))
    assert (response.status_code, response.json()["code"]) == (409, "equivocation")
    assert served.count() == 1


def test_a_full_queue_says_come_back(served, street, monkeypatch) -> None:
    monkeypatch.setattr("clairvoie.hub.hub.WAITING_UPLOADS", 0)
    response = served.upload(street.events("mic-a", begin()))
    assert (response.status_code, response.json()["code"]) == (429, "queue-full")
    assert response.headers["retry-after"] == "1"
    assert served.count() == 0


def test_an_upload_that_never_ends_is_given_up(served, monkeypatch) -> None:
    monkeypatch.setattr("clairvoie.hub.receiving.UPLOAD_SECONDS", 0.01)

    async def stalled() -> AsyncIterator[bytes]:
        yield b"\x91"
        await asyncio.Event().wait()

    response = served.ask("POST", "/api/v1/records", content=stalled(), headers={"content-type": RECORDS_TYPE})
    refused(served, response, 408, "too-slow")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=400), door=st.sampled_from([("records", RECORDS_TYPE), ("live", LIVE_TYPE)]))
def test_noise_is_never_a_fault_of_the_hub(served, body, door) -> None:
    path, media_type = door
    response = served.ask("POST", f"/api/v1/{path}", content=body, headers={"content-type": media_type})
    assert 400 <= response.status_code < 500 or (path == "live" and body == b"")
    assert served.count() == 0


def test_live_ticks_are_taken_and_only_the_new_ones_count(served, street) -> None:
    frame = encode_envelope(street.tick(mic_a=(begin(),)))
    assert served.stream(frame, frame).json() == {"accepted": 2}
    said = served.desk.said("mic-a")
    assert said[-1].bulletin is not None
    assert len(said[-1].bulletin.events) == 1
    assert served.count() == 0, "live bulletins are never stored"


@pytest.mark.parametrize(
    ("make", "status", "code"),
    [
        (lambda s: encode_envelope(s.tick())[:-1], 400, "malformed"),
        (lambda s: bytes(4 * BULLETIN_BYTES), 413, "oversized"),
        (lambda s: b"", 413, "oversized"),
        (lambda s: encode_envelope(s.tick(second=1_795_316_000)), 422, "stale"),
        (lambda s: encode_envelope(s.tick(second=1_795_317_000)), 422, "from-the-future"),
        (lambda s: encode_envelope(s.events("mic-a", begin())), 422, "invalid-content"),
    ],
)
def test_a_bad_frame_ends_the_stream(served, street, make, status, code) -> None:
    refused(served, served.stream(make(street)), status, code)


def test_a_bad_frame_after_good_ones_ends_the_stream_too(served, street) -> None:
    good = encode_envelope(street.tick())
    response = served.stream(good, b"\xc1", encode_envelope(street.tick("node-2")))
    assert response.status_code == 400
    assert served.desk.sensor("mic-a").silent is False
    assert served.desk.sensor("mic-c").silent is True


def test_a_stream_that_breaks_inside_a_frame_is_malformed(served, street) -> None:
    frame = encode_envelope(street.tick())
    content = len(frame).to_bytes(4, "big") + frame[:10]
    response = served.ask("POST", "/api/v1/live", content=content, headers={"content-type": LIVE_TYPE})
    refused(served, response, 400, "malformed")


def test_live_streams_end_when_the_hub_stops(served, street) -> None:
    frame = encode_envelope(street.tick())
    taken = asyncio.Event()

    async def open_ended() -> AsyncIterator[bytes]:
        yield len(frame).to_bytes(4, "big") + frame
        taken.set()
        await asyncio.Event().wait()

    async def scenario():
        headers = {"content-type": LIVE_TYPE}
        answer = asyncio.create_task(served.client.post("/api/v1/live", content=open_ended(), headers=headers))
        await taken.wait()
        served.hub.end_streams()
        return await answer

    assert served.runner.run(scenario()).json() == {"accepted": 2}
