"""The claim loop: when it claims, when it sleeps, and what it does when a reply is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.support.waiting import PATIENCE
from tests.worker.fakes import FakeGate, eventually, make_call, make_flusher, make_leases, success
from tollhouse.errors import GateError, LeaseLostError, NoPartitionError, ReplyLostError
from tollhouse.providers import Call, Outcome
from tollhouse.worker.flusher import Flusher
from tollhouse.worker.inflight import Failures, Inflight
from tollhouse.worker.leases import Lease, Leases, State
from tollhouse.worker.loop import ClaimLoop
from tollhouse.worker.metrics import Metrics
from tollhouse.worker.notifications import Control


@dataclass
class Parts:
    """A claim loop that runs, and what it works with."""

    gate: FakeGate
    loop: ClaimLoop
    leases: Leases
    lease: Lease
    inflight: Inflight
    flusher: Flusher
    control: Control


async def answer(call: Call) -> Outcome:
    """Answer after a moment."""
    await asyncio.sleep(0.03)
    return success(call)


@asynccontextmanager
async def running(gate: FakeGate, *, poll_seconds: float = 60.0) -> AsyncIterator[Parts]:
    """Run a claim loop under a registered lease; stop and drain it afterwards."""
    leases = make_leases(gate)
    await leases._register()
    lease = leases.current
    assert lease is not None
    flusher = make_flusher(gate)
    inflight = Inflight(complete=answer, put=flusher.put, metrics=Metrics(), failures=Failures())
    control = Control(gate=gate, leases=leases, inflight=inflight)
    loop = ClaimLoop(
        gate=gate,
        leases=leases,
        inflight=inflight,
        flusher=flusher,
        metrics=Metrics(),
        batch=100,
        concurrency=4,
        poll_seconds=poll_seconds,
        control=control,
        on_no_partition=lambda: gate.asked.append("on_no_partition"),
    )
    flusher.on_put = loop.nudge
    gate.asked.clear()
    task = asyncio.create_task(loop.run())
    try:
        yield Parts(gate, loop, leases, lease, inflight, flusher, control)
    finally:
        loop.stop()
        async with asyncio.timeout(PATIENCE):
            await task


async def asks(gate: FakeGate, times: int) -> None:
    """Wait until the loop has made that many queries, and check that it then rests."""
    await eventually(lambda: len(gate.asked) >= 2 * times)
    for _ in range(20):
        await asyncio.sleep(0)
    assert gate.asked == ["claim", "set_idle True"] * times


async def test_idle_protocol() -> None:
    """With an empty queue: mark idle, look once more, sleep; a wake-up costs one look."""
    gate = FakeGate()
    async with running(gate) as parts:
        await asks(gate, 2)
        parts.loop.wake()
        await asks(gate, 3)


async def test_sleeps_until_the_next_call_is_due() -> None:
    """A scheduled call due before the next poll is claimed when it is due."""
    gate = FakeGate()
    gate.next_due_ms = 1000
    async with running(gate, poll_seconds=60):
        await asks(gate, 2)
        gate.next_due_ms = None
        await asks(gate, 3)


async def test_wake_during_a_claim_is_not_lost() -> None:
    """A notification that arrives during a claim leads to another claim."""
    gate = FakeGate()
    async with running(gate) as parts:
        await asks(gate, 2)
        gate.asked.clear()

        def wake_once() -> None:
            gate.during_claim = lambda: None
            parts.loop.wake()

        gate.during_claim = wake_once
        parts.loop.wake()
        await asks(gate, 2)


async def test_poll_renews_the_idle_mark() -> None:
    """After a poll timeout the mark is set again: a claim may have cleared it unseen."""
    gate = FakeGate()
    async with running(gate, poll_seconds=0.1):
        await eventually(lambda: gate.count("set_idle True") >= 4)
        assert gate.asked[:8] == ["claim", "set_idle True"] * 4


async def test_results_and_claims_share_a_round_trip() -> None:
    """While there is work, the claiming statement also records the results."""
    gate = FakeGate()
    gate.claims = [[make_call() for _ in range(4)], [make_call() for _ in range(4)], []]
    async with running(gate):
        await eventually(lambda: sum(len(rows) for _, rows in gate.recorded) == 8)
        assert gate.count("record_and_claim") >= 2
        assert gate.count("record") == gate.count("record_and_claim")


async def test_claims_no_more_than_fits() -> None:
    """At full capacity nothing is claimed until a call ends."""
    gate = FakeGate()
    gate.claims = [[make_call() for _ in range(4)]]
    async with running(gate) as parts:
        await eventually(lambda: len(parts.inflight) == 4)
        assert gate.asked == ["claim"]


async def test_lost_reply_retires_the_lease() -> None:
    """The results sent with it are recorded again under the old id, which claims nothing more."""
    gate = FakeGate()
    gate.claims = [[make_call()], ReplyLostError("record_and_claim", sqlstate=None)]
    async with running(gate) as parts:
        await eventually(lambda: parts.lease.state is State.RETIRED)
        await eventually(lambda: parts.lease.held == 0)
        assert parts.leases.current is None
        assert parts.leases.former == [parts.lease]
        claims = gate.count("claim") + gate.count("record_and_claim")
        await asyncio.sleep(0.2)
        assert gate.count("claim") + gate.count("record_and_claim") == claims
    assert {worker_id for worker_id, _ in gate.recorded} == {parts.lease.worker_id}


async def test_unknown_worker_loses_the_lease() -> None:
    """TH201 from a claim: the lease is gone."""
    gate = FakeGate()
    gate.claims = [LeaseLostError("no lease", sqlstate="TH201")]
    async with running(gate) as parts:
        await eventually(lambda: parts.lease.state is State.LOST)
        assert parts.leases.current is None


async def test_trouble_is_waited_out() -> None:
    """The loop survives database failures: it retries under the same lease."""
    gate = FakeGate()
    gate.claims = [GateError("claim", sqlstate="57014"), [make_call()]]
    async with running(gate) as parts:
        await eventually(lambda: bool(gate.recorded))
        assert parts.lease.state is State.ACTIVE


async def test_a_batch_too_large_is_claimed_in_parts() -> None:
    """A batch too large for the server is claimed in smaller parts, then in larger ones again."""
    gate = FakeGate()
    gate.claims = [
        GateError("claim", sqlstate="54000"),
        GateError("claim", sqlstate="XX000"),
        GateError("claim", sqlstate="XX000"),
        [],
    ]
    async with running(gate) as parts:
        await eventually(lambda: len(gate.limits) == 5)
        parts.loop.wake()
        await eventually(lambda: len(gate.limits) == 6)
    assert [4, 2, 1, 1, 2, 4] == gate.limits


async def test_missing_partition_is_told() -> None:
    """Results without a partition are kept, and upkeep is asked to make it."""
    gate = FakeGate()
    gate.claims = [[make_call()]]
    gate.records = [NoPartitionError("record", sqlstate="23514")]
    async with running(gate):
        await eventually(lambda: bool(gate.recorded))
    assert gate.count("on_no_partition") == 1
    ((_, rows),) = gate.recorded
    assert [row["outcome"] for row in rows] == ["success"]


async def test_switch_during_a_claim_is_asked_about_again() -> None:
    """A switch pulled during a claim stops the calls that it returns."""
    gate = FakeGate()
    async with running(gate) as parts:
        await asyncio.sleep(0.05)
        gate.during_claim = parts.control.ask
        before = parts.control.asked
        parts.loop.wake()
        await eventually(lambda: parts.control.asked >= before + 2)
        gate.during_claim = lambda: None


async def test_stop_records_everything() -> None:
    """After a stop nothing is claimed and nothing is left."""
    gate = FakeGate()
    gate.claims = [[make_call() for _ in range(4)]]
    async with running(gate) as parts:
        await eventually(lambda: len(parts.inflight) == 4)
        parts.loop.stop()
        claims = gate.count("claim") + gate.count("record_and_claim")
        await parts.inflight.drained()
    assert sum(len(rows) for _, rows in gate.recorded) == 4
    assert gate.count("claim") + gate.count("record_and_claim") == claims


async def test_large_requests_in_flight_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """While they hold too much memory nothing is claimed; afterwards claiming resumes."""
    monkeypatch.setattr("tollhouse.worker.loop._REQUEST_BYTES", 60)
    gate = FakeGate()
    gate.claims = [[make_call() for _ in range(2)] for _ in range(3)]
    most = 0

    def look() -> None:
        nonlocal most
        most = max(most, parts.inflight.request_bytes)

    async with running(gate) as parts:
        gate.during_claim = look
        await eventually(lambda: sum(len(rows) for _, rows in gate.recorded) == 6)
        assert parts.inflight.request_bytes == 0
    assert most <= 60


async def test_a_claim_that_was_cut_off_retires_the_lease() -> None:
    """The results sent with it are recorded one by one; whatever it claimed is unknown."""
    gate = FakeGate()
    gate.claims = [[make_call()], ReplyLostError("record_and_claim", sqlstate="57014")]
    async with running(gate) as parts:
        await eventually(lambda: parts.lease.state is State.RETIRED)
        await eventually(lambda: parts.lease.held == 0)
    assert {worker_id for worker_id, _ in gate.recorded} == {parts.lease.worker_id}
