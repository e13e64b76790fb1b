"""The worker's identity ends early in two ways, and a new one follows."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.waiting import PATIENCE
from tests.worker.fakes import FakeGate, eventually, kept_alive, make_leases
from tollhouse.errors import GateError
from tollhouse.worker.leases import Lease, Leases, State


@asynccontextmanager
async def running(leases: Leases) -> AsyncIterator[Lease]:
    """Run the leases; yields the first one."""
    async with kept_alive(leases), asyncio.timeout(PATIENCE):
        yield await registered(leases)


async def registered(leases: Leases) -> Lease:
    """Wait for a current lease."""
    await eventually(lambda: leases.current)
    assert leases.current is not None
    return leases.current


async def test_reaped_worker_registers_again() -> None:
    """A refused heartbeat ends the lease: its calls are aborted and a new id follows."""
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
    """Without a reply the lease ends here no later than in the database."""
    gate, lost = FakeGate(), list[Lease]()
    gate.lease_ms = 150
    gate.heartbeats = [GateError("heartbeat", sqlstate=None)] * 1000
    async with kept_alive(make_leases(gate, on_lost=lost.append)):
        await eventually(lambda: lost)
    first = lost[0]
    assert first.state is State.LOST
    assert first._fence is not None
    assert first._fence.when() == first.until <= asyncio.get_running_loop().time()


async def test_a_busy_loop_keeps_its_lease() -> None:
    """Blocking the worker's loop for longer than a lease delays no heartbeat."""
    gate, lost = FakeGate(), list[Lease]()
    gate.lease_ms = 5000
    async with running(make_leases(gate, on_lost=lost.append)) as lease:
        time.sleep(6)  # noqa: ASYNC251 - that is the point
        await asyncio.sleep(0)
        assert lost == []
        assert lease.may_send
        assert gate.count("heartbeat") > 20


async def test_a_loop_that_never_comes_round_loses_its_lease() -> None:
    """Otherwise calls that nobody will finish would be held forever."""
    gate = FakeGate()
    leases = make_leases(gate)
    async with kept_alive(leases, stuck_seconds=0.5):
        await registered(leases)
        time.sleep(2.0)  # noqa: ASYNC251 - that is the point
        beats = gate.count("heartbeat")
        time.sleep(0.5)  # noqa: ASYNC251
        assert gate.count("heartbeat") == beats
        await eventually(lambda: gate.count("heartbeat") > beats)


async def test_retired_lease_stays_until_its_calls_are_settled() -> None:
    """A retired lease is renewed while it holds calls and deregistered after the last one."""
    gate, lost = FakeGate(), list[Lease]()
    leases = make_leases(gate, on_lost=lost.append)
    async with running(leases) as first:
        first.held = 1
        leases.retire(first, "reply_lost")
        second = await registered(leases)
        assert second is not first
        before = gate.count("heartbeat")
        await eventually(lambda: gate.count("heartbeat") >= before + 4)
        assert first in leases.live
        assert gate.deregistered == []
        first.held = 0
        await eventually(lambda: gate.deregistered)
        assert gate.deregistered == [first.worker_id]
        assert (lost, leases.former) == ([], [])


@pytest.mark.parametrize(
    ("sqlstate", "level", "what_to_do"),
    [
        ("42501", "ERROR", "grant tollhouse_worker to"),
        ("3F000", "ERROR", "sqitch deploy"),
        ("42883", "ERROR", "sqitch deploy"),
        (None, "WARNING", ""),
    ],
)
async def test_a_worker_that_may_not_register_says_what_to_do(
    caplog: pytest.LogCaptureFixture, sqlstate: str | None, level: str, what_to_do: str
) -> None:
    """The log says what to type; a transient cause is only a warning."""
    gate = FakeGate()
    gate.registers = [GateError("register", sqlstate=sqlstate)]
    with caplog.at_level(logging.WARNING):
        async with running(make_leases(gate)):
            pass
    (record,) = caplog.records
    fields = vars(record)["fields"]
    assert (record.levelname, record.msg) == (level, "register failed")
    assert what_to_do in fields.get("what_to_do", "")
    assert bool(what_to_do) == ("what_to_do" in fields)


async def test_registering_is_tried_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backoff grows to its maximum and resets after a registration."""
    monkeypatch.setattr("tollhouse.worker.leases._FIRST_PAUSE", 0.02)
    monkeypatch.setattr("tollhouse.worker.leases._LONGEST_PAUSE", 0.1)
    gate, pauses = FakeGate(), list[float | None]()
    wait = gate.pulses["lease"].wait

    async def pause(seconds: float | None, event: asyncio.Event | None = None) -> None:
        if leases.current is None:
            pauses.append(seconds)
        await wait(seconds, event)

    monkeypatch.setattr(gate.pulses["lease"], "wait", pause)
    gate.registers = [GateError("register", sqlstate="42501")] * 6
    leases = make_leases(gate)
    async with running(leases) as first:
        assert [0.04, 0.08, 0.1, 0.1, 0.1, 0.1] == pauses
        pauses.clear()
        gate.registers = [GateError("register", sqlstate="42501")]
        leases.lose(first, "reaped")
        await registered(leases)
        assert [0.04] == pauses


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
