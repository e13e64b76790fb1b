"""Answers share bounded memory: it isn't exceeded, none waits forever, first come, first served."""

import asyncio
import random
import time

import pytest

from tests.support.waiting import PATIENCE
from tests.worker.fakes import eventually
from tests.worker.test_openai_adapter import call
from tollhouse.providers import OpenAIProvider, Room, open_session
from tollhouse_demo.mock_provider import start


@pytest.mark.parametrize("seed", range(20))
async def test_everybody_gets_what_it_needs(seed: int) -> None:
    """Whatever each takes, in whatever steps, all come through and one answer at most is over."""
    chance, room, size, largest = random.Random(seed), Room(100), 100, 60
    most = 0

    async def answer() -> None:
        nonlocal most
        share = room.share()
        try:
            whole = chance.randint(1, largest)
            size = 0
            while size < whole:
                size = min(whole, size + chance.randint(1, 20))
                await share.grow(size)
                most = max(most, room.used)
                await asyncio.sleep(0)
            if chance.random() < 0.2:
                share.resize(size // 2)
                await asyncio.sleep(0)
        finally:
            share.release()
            share.release()

    tasks = [asyncio.create_task(answer()) for _ in range(200)]
    for _ in range(20):
        await asyncio.sleep(0)
        chance.choice(tasks).cancel()
    async with asyncio.timeout(PATIENCE):
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {type(None), asyncio.CancelledError}
    assert most <= size + largest
    assert room.used == 0


async def test_who_waits_longest_is_first() -> None:
    """A small answer doesn't overtake an earlier large one, which would otherwise starve."""
    room, order = Room(10), list[str]()
    first, large, small = room.share(), room.share(), room.share()
    await first.grow(10)

    async def take(name: str, share: object, size: int) -> None:
        await share.grow(size)  # type: ignore[attr-defined]
        order.append(name)

    tasks = [
        asyncio.create_task(take("small", small, 1)),
        asyncio.create_task(take("large", large, 8)),
    ]
    await asyncio.sleep(0.01)
    first.resize(5)
    await asyncio.sleep(0.01)
    assert order == []
    first.release()
    await asyncio.gather(*tasks)
    assert sorted(order) == ["large", "small"]
    assert room.used == 9


async def test_nothing_goes_on_while_what_is_there_waits_for_the_database() -> None:
    """Results that can't be recorded keep their memory; other answers stay in the socket."""
    room = Room(10)
    result, other = room.share(), room.share()
    await result.grow(10)
    waiting = asyncio.create_task(other.grow(1))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    result.release()
    await waiting


async def test_waiting_for_room_is_no_time_of_the_provider() -> None:
    """An answer that waits to be read doesn't time out, and its latency is the provider's alone."""
    room = Room(1000)
    async with await start() as mock, open_session() as session:
        adapter = OpenAIProvider(session=session, base_url=mock.base_url, room=room)
        full = room.share()
        await full.grow(1000)
        begun = time.monotonic()
        asked = asyncio.create_task(adapter.complete(call(timeout_ms=1000)))
        await eventually(lambda: mock.bill()["billed"])
        held = time.monotonic()
        await asyncio.sleep(1.5)
        assert not asked.done()
        held = time.monotonic() - held
        full.release()
        outcome = await asked
        taken = time.monotonic() - begun
        assert outcome.outcome == "success"
        assert outcome.latency_ms is not None
        assert outcome.latency_ms <= (taken - held) * 1000 + 1  # rounded
        assert outcome.share is not None
        assert room.used > 0
        outcome.share.release()
        assert room.used == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"drop": "after"},
        {"malformed": "truncated"},
        {"malformed": "no_choices"},
        {"delay_ms": 1000},
    ],
)
async def test_what_fails_holds_nothing(fault: dict[str, object]) -> None:
    """A failed attempt holds no memory; only an answer does, until it is recorded."""
    room = Room(1000)
    async with await start() as mock, open_session() as session:
        mock.fault(fault)
        adapter = OpenAIProvider(session=session, base_url=mock.base_url, room=room)
        assert (await adapter.complete(call(timeout_ms=500))).outcome != "success"
        assert room.used == 0


async def test_a_stopped_call_holds_nothing() -> None:
    """A stopped call gives up its memory and its place in the queue."""
    room = Room(1000)
    async with await start() as mock, open_session() as session:
        adapter = OpenAIProvider(session=session, base_url=mock.base_url, room=room)
        full = room.share()
        await full.grow(1000)
        asked = asyncio.create_task(adapter.complete(call()))
        await eventually(lambda: mock.bill()["billed"])
        await asyncio.sleep(0.1)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        full.release()
        assert room.used == 0
        outcome = await adapter.complete(call())
        assert outcome.outcome == "success"
