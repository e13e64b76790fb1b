"""The worker asks what to stop when notified, and also without a notification."""

import asyncio

from tests.worker.fakes import FakeGate, eventually, make_call, make_leases
from tests.worker.test_inflight import make, never
from tollhouse.gate import Abort
from tollhouse.worker.notifications import Control


async def test_a_lost_message_only_costs_time() -> None:
    """A call that must stop is stopped soon even if no notification arrives."""
    gate = FakeGate()
    leases = make_leases(gate)
    registering = asyncio.create_task(leases.run())
    await eventually(lambda: leases.current)
    lease, call = leases.current, make_call()
    assert lease is not None
    inflight, results = make(never)
    inflight.start(lease, call)
    lease.held = 1
    control = asyncio.create_task(Control(gate=gate, leases=leases, inflight=inflight).run())
    try:
        gate.aborts = [Abort(call_id=call.call_id, attempt=call.attempt, reason="kill_switch")]
        await eventually(lambda: results)
        assert "aborted" == results[0][2].outcome
    finally:
        for task in (registering, control):
            task.cancel()
        await asyncio.gather(registering, control, return_exceptions=True)
