"""Housekeeping: dead workers are looked for whatever upkeep does, and the other way round."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.worker.fakes import AsyncStep, FakeGate, eventually, make_leases
from tollhouse.errors import GateError, NoPartitionError
from tollhouse.worker.housekeeping import Housekeeping


async def hang() -> None:
    """Wait for a lock that nobody lets go."""
    await asyncio.sleep(3600)


async def fail() -> None:
    """Fail as a statement does that is cut off."""
    raise GateError("maintain", sqlstate="57014")


@asynccontextmanager
async def keeping(gate: FakeGate) -> AsyncIterator[Housekeeping]:
    """Run a keeper with heartbeats of 20 ms."""
    leases = make_leases(gate)
    leases.heartbeat_seconds = 0.02
    keeper = Housekeeping(gate=gate, leases=leases)
    tasks = [asyncio.create_task(keeper.reap()), asyncio.create_task(keeper.maintain())]
    try:
        yield keeper
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("upkeep", [hang, fail])
async def test_reaps_whatever_upkeep_does(upkeep: AsyncStep) -> None:
    """Upkeep that waits or fails keeps nobody from settling dead workers' calls."""
    gate = FakeGate()
    gate.during_maintain = upkeep
    async with keeping(gate):
        await eventually(lambda: gate.count("reap") >= 3)
        assert gate.count("maintain") >= 1


@pytest.mark.parametrize("reaping", [hang, fail])
async def test_keeps_up_whatever_reaping_does(reaping: AsyncStep) -> None:
    """Partitions are made even where a dead worker's calls can't be settled."""
    gate = FakeGate()
    gate.during_reap = reaping
    async with keeping(gate):
        await eventually(lambda: gate.count("maintain") == 1)


async def test_reaps_until_nothing_is_left() -> None:
    """One statement takes only so many of the dead workers' calls: the next follows at once."""
    gate = FakeGate()
    gate.reaped = [200, 200, 3]
    async with keeping(gate) as keeper:
        keeper.leases.heartbeat_seconds = 3600
        await eventually(lambda: gate.count("reap") == 4)


async def test_prunes_until_nothing_is_left() -> None:
    """What is past its time goes in parts, once the months are made."""
    gate = FakeGate()
    gate.parts = 4
    async with keeping(gate):
        await eventually(lambda: gate.count("prune") == 4)
        await asyncio.sleep(0.05)
    upkeep = [query for query in gate.asked if query != "reap"]
    assert ["maintain", *["prune"] * 4] == upkeep


async def test_upkeep_that_failed_is_tried_again() -> None:
    """Soon after a failure, then not before the hour is over, unless somebody asks."""
    gate = FakeGate()
    gate.during_maintain = fail
    async with keeping(gate) as keeper:
        await eventually(lambda: gate.count("maintain") >= 2)
        gate.during_maintain = FakeGate().during_maintain
        before = gate.count("maintain")
        await eventually(lambda: gate.count("maintain") == before + 1)
        await asyncio.sleep(0.2)
        assert gate.count("maintain") == before + 1
        keeper.ask()
        await eventually(lambda: gate.count("maintain") == before + 2)


async def test_reaping_asks_for_a_missing_partition() -> None:
    """A dead worker's call that can't be settled for want of a partition gets one."""

    async def lack() -> None:
        raise NoPartitionError("reap", sqlstate="23514")

    gate = FakeGate()
    gate.during_reap = lack
    async with keeping(gate):
        await eventually(lambda: gate.count("maintain") >= 2)
