"""The stream tells every kind of change once on connecting, then each as it happens, and ends with the hub."""

from __future__ import annotations

import asyncio

from fake_desk import FakeDesk
from visitor import Visitor

from clairvoie.boundary.reading import Change
from clairvoie.views.live import events


def test_whoever_connects_is_told_to_ask_for_everything_and_then_what_changes() -> None:
    desk = FakeDesk()

    async def listen() -> list[str]:
        heard: list[str] = []
        async for text in events(desk):
            heard.append(text)
            if len(heard) == 1 + len(Change):
                asyncio.get_running_loop().call_soon(lambda: (desk.tell(Change.NOTES), desk.tell(None)))
        return heard

    retry, *told = asyncio.run(listen())
    assert retry.startswith("retry: ")
    names = [text.splitlines()[0].removeprefix("event: ") for text in told]
    assert names == [*[change.value for change in Change], "notes"]
    assert all(text.endswith("\n\n") for text in told)


def test_a_change_between_the_connection_and_the_first_answer_is_not_lost() -> None:
    desk = FakeDesk()

    async def listen() -> str:
        stream = events(desk)
        await anext(stream)
        desk.tell(Change.INCIDENTS)
        for _ in Change:
            await anext(stream)
        return await asyncio.wait_for(anext(stream), 5)

    assert "event: incidents" in asyncio.run(listen())


def test_the_strip_is_a_fragment(john: Visitor) -> None:
    text = john.get("/fragments/strip").text
    assert "<html" not in text
    assert 'data-open="2"' in text
