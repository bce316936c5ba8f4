"""What a real ledger answers to a node that kept a checkpoint, read by the node's own rule."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from log_house import DEPLOYMENT, KEY, LogHouse

from clairvoie.oversight.continuation import LedgerTrust, epoch_of
from clairvoie.oversight.inclusion import Included, Kept, Missing, OwnRecord, Verdict, judge
from clairvoie.oversight.publishing import asking

TRUST = LedgerTrust(deployment=DEPLOYMENT, log=KEY.public_key().public_bytes_raw())
QUESTION = "/api/v1/ledger/inclusion"


def own(sequence: int, number: int) -> OwnRecord:
    """What :meth:`LogHouse.hear` has stored."""
    return OwnRecord(sensor="mic-a", epoch=0, sequence=sequence, millibits=60 + number, acknowledged=0.0)


class Asked:
    """The ledger of a house, asked through the door that nodes have."""

    def __init__(self, house: LogHouse) -> None:
        self.house = house
        self.kept = Kept()

    def get(self, **asked: Any) -> httpx.Response:
        house = self.house
        keeper: Any = SimpleNamespace(
            publisher=house.publisher, ledger=house.ledger, folder=house.log, reading=house.store.reading
        )
        app = FastAPI()
        app.include_router(asking(keeper))

        async def get() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
                return await client.get(QUESTION, params=asked)

        return asyncio.run(get())

    def __call__(self, record: OwnRecord, now: float = 0.0) -> Verdict:
        log = self.kept.log
        kept = "0/0" if log is None else f"{epoch_of(log.head)}/{log.head.size}"
        said = self.get(sensor=record.sensor, epoch=record.epoch, sequence=record.sequence, kept=kept)
        verdict = judge(TRUST, self.kept, record, said.status_code, said.content, now)
        assert isinstance(verdict, Included | Missing), verdict
        self.kept = verdict.kept
        return verdict


@pytest.fixture
def asked(house: LogHouse) -> Asked:
    house.acts(5)
    house.hear("mic-a", b"one", b"two")
    house.minute()
    house.publisher.publish()
    return Asked(house)


def test_a_log_that_grows_past_a_tile_is_followed_from_question_to_question(asked: Asked) -> None:
    house = asked.house
    sizes = []
    for sequence, acts in ((1, 1), (2, 290), (2, 0), (1, 700)):
        house.acts(acts)
        house.publisher.publish()
        verdict = asked(own(sequence, sequence))
        assert isinstance(verdict, Included)
        sizes.append(verdict.size)
    assert sizes == [8, 298, 298, 998]
    house.hear("mic-a", b"three")
    assert isinstance(asked(own(3, 3)), Missing), "its minute is not over"
    house.minute()
    house.publisher.publish()
    assert isinstance(asked(own(3, 3)), Included)


def test_a_restored_hub_says_that_a_new_epoch_follows_and_finds_records_of_the_former(asked: Asked) -> None:
    house = asked.house
    asked(own(1, 1))
    house.back_up()
    house.hear("mic-a", b"three")
    house.minute()
    house.publisher.publish()
    house.restore()
    house.acts(3)
    house.publisher.publish()
    assert house.ledger.epoch == 1
    verdict = asked(own(3, 3))
    assert isinstance(verdict, Missing), "the store that was restored does not know it"
    assert "entries of" in verdict.began
    former = asked(own(2, 2))
    assert isinstance(former, Included)
    assert (former.index, former.began) == (6, "")
    house.hear("mic-a", b"four")
    house.minute()
    house.publisher.publish()
    assert isinstance(asked(own(4, 4)), Included)


def test_without_a_kept_checkpoint_the_answer_is_as_it_was(asked: Asked) -> None:
    assert "continuation" not in asked.get(sensor="mic-a", epoch=0, sequence=1).json()
    missing = asked.get(sensor="mic-a", epoch=0, sequence=9)
    assert (missing.status_code, sorted(missing.json())) == (404, ["code", "remedy", "what"])


@pytest.mark.parametrize("kept", ["0/999999999999", "7/3", "1/0"])
def test_of_a_log_that_never_was_there_is_no_proof(asked: Asked, kept: str) -> None:
    said = asked.get(sensor="mic-a", epoch=0, sequence=1, kept=kept).json()
    assert list(said["continuation"]) == ["checkpoint"]


@pytest.mark.parametrize("kept", ["", "0", "0/-1", "a/b", "00/1", "0/1/2", "9" * 30 + "/1"])
def test_a_question_that_makes_no_sense_is_refused(asked: Asked, kept: str) -> None:
    assert asked.get(sensor="mic-a", epoch=0, sequence=1, kept=kept).status_code == 422
