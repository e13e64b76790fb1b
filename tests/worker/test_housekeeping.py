"""Housekeeping: reaping dead workers and upkeep don't hold each other up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.worker.fakes import AsyncStep, FakeGate, eventually, make_leases
from tollhouse.errors import GateError, NoPartitionError
from tollhouse.worker.housekeeping import Housekeeping


async def hang() -> None:
    """Wait for a lock that is never released."""
    await asyncio.sleep(3600)


async def fail() -> None:
    """Fail like a statement that is cut off."""
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
    """Dead workers' calls are settled even while upkeep waits or fails."""
    gate = FakeGate()
    gate.during_maintain = upkeep
    async with keeping(gate):
        await eventually(lambda: gate.count("reap") >= 3)
        assert gate.count("maintain") >= 1


@pytest.mark.parametrize("reaping", [hang, fail])
async def test_keeps_up_whatever_reaping_does(reaping: AsyncStep) -> None:
    """Partitions are made even if a dead worker's calls can't be settled."""
    gate = FakeGate()
    gate.during_reap = reaping
    async with keeping(gate):
        await eventually(lambda: gate.count("maintain") == 1)


async def test_reaps_until_nothing_is_left() -> None:
    """One statement settles a limited number of dead workers' calls; the next follows at once."""
    gate = FakeGate()
    gate.reaped = [200, 200, 3]
    async with keeping(gate) as keeper:
        keeper.leases.heartbeat_seconds = 3600
        await eventually(lambda: gate.count("reap") == 4)


async def test_prunes_until_nothing_is_left() -> None:
    """Expired rows are pruned in batches, once the months' partitions are made."""
    gate = FakeGate()
    gate.parts = 4
    async with keeping(gate):
        await eventually(lambda: gate.count("prune") == 4)
        await asyncio.sleep(0.05)
    upkeep = [query for query in gate.asked if query != "reap"]
    assert ["maintain", *["prune"] * 4] == upkeep


async def test_upkeep_that_failed_is_tried_again() -> None:
    """It is retried soon after a failure, then runs hourly unless requested."""
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
    """If a dead worker's call can't be settled for lack of a partition, one is made."""

    async def lack() -> None:
        raise NoPartitionError("reap", sqlstate="23514")

    gate = FakeGate()
    gate.during_reap = lack
    async with keeping(gate):
        await eventually(lambda: gate.count("maintain") >= 2)
