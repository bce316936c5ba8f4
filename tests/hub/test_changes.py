"""Open pages are told of every change, bursts merged, the last never lost."""

from __future__ import annotations

import asyncio
import gc
import threading

from clairvoie.boundary.reading import Change
from clairvoie.hub.changes import QUIET_SECONDS, Changes


def test_a_burst_is_told_at_once_and_then_once_more() -> None:
    async def scenario() -> list[Change]:
        changes = Changes()
        reader = changes.subscribe()
        changes.publish(Change.TICK)
        told = [await anext(reader)]
        for _ in range(1000):
            changes.publish(Change.TICK)
        began = asyncio.get_running_loop().time()
        told.append(await anext(reader))
        assert asyncio.get_running_loop().time() - began >= QUIET_SECONDS[Change.TICK] * 0.9
        changes.end()
        return [*told, *[change async for change in reader]]

    assert asyncio.run(scenario()) == [Change.TICK, Change.TICK]


def test_kinds_do_not_displace_one_another() -> None:
    async def scenario() -> set[Change]:
        changes = Changes()
        reader = changes.subscribe()
        for _ in range(3):
            for change in Change:
                changes.publish(change)
        return {await anext(reader) for _ in Change}

    assert asyncio.run(scenario()) == set(Change)


def test_an_incident_does_not_wait_for_the_quiet_time_of_ticks() -> None:
    async def scenario() -> Change:
        changes = Changes()
        reader = changes.subscribe()
        changes.publish(Change.TICK)
        await anext(reader)
        changes.publish(Change.TICK)
        waiting = asyncio.ensure_future(anext(reader))
        await asyncio.sleep(0)
        changes.publish(Change.INCIDENTS)
        return await waiting

    assert asyncio.run(scenario()) is Change.INCIDENTS


def test_threads_publish_and_the_last_change_always_arrives() -> None:
    async def scenario() -> int:
        seen = 0
        state = 0
        counting = threading.Lock()
        changes = Changes()
        reader = changes.subscribe()

        def work() -> None:
            nonlocal state
            for _ in range(500):
                with counting:
                    state += 1
                changes.publish(Change.INCIDENTS)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        while seen < 2000:
            await asyncio.wait_for(anext(reader), 30)
            seen = state  # what a page would read when told
        for thread in threads:
            thread.join()
        return seen

    assert asyncio.run(scenario()) == 2000


def test_readers_end_when_the_hub_stops_and_later_ones_at_once() -> None:
    async def scenario() -> list[Change]:
        changes = Changes()
        early = changes.subscribe()
        waiting = asyncio.create_task(_all(early))
        await asyncio.sleep(0)
        changes.end()
        return [*await waiting, *await _all(changes.subscribe())]

    assert asyncio.run(scenario()) == []


async def _all(reader) -> list[Change]:
    return [change async for change in reader]


def test_a_reader_that_nobody_holds_is_forgotten() -> None:
    async def scenario() -> int:
        changes = Changes()
        reader = changes.subscribe()
        assert changes.readers == 1
        del reader
        gc.collect()
        return changes.readers

    assert asyncio.run(scenario()) == 0


def test_causes_are_told_with_the_change_and_bounded() -> None:
    delivered: list[tuple[Change, int]] = []

    async def scenario() -> None:
        changes = Changes(lambda change, causes: delivered.append((change, len(causes))))
        reader = changes.subscribe()
        for second in range(200):
            changes.publish(Change.INCIDENTS, ((float(second), second + 1.0),))
        await anext(reader)

    asyncio.run(scenario())
    assert delivered == [(Change.INCIDENTS, 64)]
