"""The worker's identity ends early in two ways, and a new one follows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.worker.fakes import FakeGate, eventually, make_leases
from tollhouse.errors import GateError
from tollhouse.worker.lease import Lease, State
from tollhouse.worker.leases import Leases


@asynccontextmanager
async def running(leases: Leases) -> AsyncIterator[Lease]:
    """Run the leases; yields the first one."""
    task = asyncio.create_task(leases.run())
    try:
        async with asyncio.timeout(5.0):
            yield await registered(leases)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def registered(leases: Leases) -> Lease:
    """Wait for a current lease."""
    await eventually(lambda: leases.current)
    assert leases.current is not None
    return leases.current


async def test_reaped_worker_registers_again() -> None:
    """A heartbeat that says no ends the lease: its calls are aborted, a new id follows."""
    gate, lost = FakeGate(), list[Lease]()
    leases = make_leases(gate, on_lost=lost.append)
    async with running(leases) as first:
        first.held = 1
        gate.heartbeats = [False]
        await eventually(lambda: lost)
        second = await registered(leases)
        assert lost == [first]
        assert first.state is State.LOST
        assert not first.may_send
        assert second.worker_id != first.worker_id


async def test_fences_itself_when_it_can_not_renew() -> None:
    """Without an answer the lease ends here no later than it ends in the database."""
    gate, lost = FakeGate(), list[Lease]()
    gate.lease_ms = 150
    leases = make_leases(gate, on_lost=lost.append)
    async with running(leases) as first:
        gate.heartbeats = [GateError("heartbeat", sqlstate=None)] * 1000
        until = first.until
        await eventually(lambda: lost)
        assert asyncio.get_running_loop().time() - until < 0.1
        assert lost[0] is first


async def test_retired_lease_stays_until_its_calls_are_settled() -> None:
    """A retired lease is renewed while it holds calls, deregistered after the last of them."""
    gate, lost = FakeGate(), list[Lease]()
    leases = make_leases(gate, on_lost=lost.append)
    async with running(leases) as first:
        first.held = 1
        leases.retire(first, "reply_lost")
        second = await registered(leases)
        assert second is not first
        before = gate.count("heartbeat")
        await asyncio.sleep(0.1)
        assert first in leases.live
        assert gate.count("heartbeat") >= before + 4
        assert gate.deregistered == []
        first.held = 0
        await eventually(lambda: gate.deregistered)
        assert gate.deregistered == [first.worker_id]
        assert (lost, leases.former) == ([], [])


async def test_close_deregisters_everything() -> None:
    """At the end no lease is left to lapse."""
    gate = FakeGate()
    leases = make_leases(gate)
    async with running(leases) as first:
        first.held = 1
        leases.retire(first, "reply_lost")
        second = await registered(leases)
    await leases.close()
    assert set(gate.deregistered) == {first.worker_id, second.worker_id}
