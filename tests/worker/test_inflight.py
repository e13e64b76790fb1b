"""Every call taken in flight produces a result, whatever stops it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from tests.worker.fakes import make_call, make_lease, success
from tollhouse.providers import Call, Outcome
from tollhouse.worker.inflight import Failures, Inflight, Reason
from tollhouse.worker.leases import Lease
from tollhouse.worker.metrics import Metrics

Results = list[tuple[Lease, Call, Outcome]]


async def at_once(call: Call) -> Outcome:
    """Answer without delay."""
    return success(call)


async def never(call: Call) -> Outcome:
    """Never answer."""
    await asyncio.sleep(3600)
    raise AssertionError


def make(complete: Callable[[Call], Awaitable[Outcome]]) -> tuple[Inflight, Results]:
    """Return calls in flight and the list that their results go to."""
    results: Results = []
    inflight = Inflight(
        complete=complete,
        put=lambda lease, call, outcome: results.append((lease, call, outcome)),
        metrics=Metrics(),
        failures=Failures(),
    )
    return inflight, results


async def test_success_comes_out() -> None:
    """An answer is handed on with its lease, and nothing is in flight any more."""
    inflight, results = make(at_once)
    lease, call = make_lease(), make_call()
    inflight.start(lease, call)
    assert len(inflight) == 1
    await inflight.drained()
    assert results == [(lease, call, success(call))]
    assert len(inflight) == 0


@pytest.mark.parametrize("reason", ["aborted", "cancelled", "interrupted"])
async def test_abort_in_flight(reason: Reason) -> None:
    """An aborted call in flight ends with the reason and its latency."""
    inflight, results = make(never)
    lease, call = make_lease(), make_call()
    inflight.start(lease, call)
    await asyncio.sleep(0.02)
    inflight.abort(lease, [(call.call_id, call.attempt, reason)])
    inflight.abort_all("interrupted")
    await inflight.drained()
    (outcome,) = [outcome for _, _, outcome in results]
    assert outcome.outcome == reason
    assert outcome.latency_ms is not None
    assert outcome.latency_ms >= 15


async def test_all_are_hung_up_before_the_first_is_unwound() -> None:
    """When a switch stops a thousand calls, all connections are closed before any bookkeeping."""
    order: list[str] = []
    inflight = Inflight(
        complete=never,
        put=lambda lease, call, outcome: order.append(outcome.outcome),
        metrics=Metrics(),
        failures=Failures(),
        hang_up=lambda call: order.append("hung up"),
    )
    lease, calls = make_lease(), [make_call() for _ in range(3)]
    for call in calls:
        inflight.start(lease, call)
    await asyncio.sleep(0.02)
    inflight.abort(lease, [(call.call_id, call.attempt, "aborted") for call in calls])
    inflight.abort_all("interrupted")
    await inflight.drained()
    assert order == ["hung up"] * 3 + ["aborted"] * 3


async def test_abort_before_the_first_step() -> None:
    """A call stopped before its task ran is handed back unsent, not lost."""
    inflight, results = make(never)
    lease, call = make_lease(), make_call()
    inflight.start(lease, call)
    inflight.abort_all("aborted")
    await inflight.drained()
    assert [outcome.outcome for _, _, outcome in results] == ["not_sent"]


async def test_abort_names_one_attempt_of_one_lease() -> None:
    """Another attempt's or another lease's abort touches nothing."""
    inflight, results = make(never)
    lease, call = make_lease(), make_call()
    inflight.start(lease, call)
    await asyncio.sleep(0)
    inflight.abort(lease, [(call.call_id, 2, "aborted")])
    inflight.abort(make_lease(), [(call.call_id, 1, "aborted")])
    inflight.abort_all("interrupted", make_lease())
    await asyncio.sleep(0.01)
    assert (len(inflight), results) == (1, [])
    inflight.abort_all("interrupted")
    await inflight.drained()


async def test_dead_lease_sends_nothing() -> None:
    """Calls claimed under a lease that has since expired are handed back."""
    inflight, results = make(at_once)
    inflight.start(make_lease(seconds=-1.0), make_call())
    assert [outcome.outcome for _, _, outcome in results] == ["not_sent"]


async def test_bug_becomes_a_result(caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected exception ends its own call only; the log says where, not what."""

    async def buggy(call: Call) -> Outcome:
        raise RuntimeError(f"can't handle {call.request}")

    inflight, results = make(buggy)
    with caplog.at_level(logging.ERROR):
        inflight.start(make_lease(), make_call())
        await inflight.drained()
    (outcome,) = [outcome for _, _, outcome in results]
    assert (outcome.outcome, outcome.error_code) == ("dropped", "worker_bug")
    (record,) = caplog.records
    assert "test_inflight.py" in str(vars(record))
    assert "secret" not in str(vars(record))
