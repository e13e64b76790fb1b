"""Results are recorded in batches, and no result loses another."""

import asyncio
import json
from typing import Any

import pytest

from tests.worker.fakes import FakeGate, make_call, make_flusher, make_lease, success
from tollhouse.errors import GateError
from tollhouse.providers import Room
from tollhouse.worker.leases import Lease

REFUSED = GateError("record", sqlstate="22P05")
UNREACHABLE = GateError("record", sqlstate=None)
MIB = 1024**2
TIMED_OUT = GateError("record", sqlstate="57014")


async def test_due_by_size_or_time() -> None:
    """A full batch is due at once, a partial one a moment after its first result."""
    flusher, lease = make_flusher(FakeGate(), size=2, seconds=5.0), make_lease()
    assert flusher.due_at is None
    before = asyncio.get_running_loop().time()
    call = make_call()
    flusher.put(lease, call, success(call))
    assert flusher.due_at is not None
    assert before + 5.0 <= flusher.due_at <= asyncio.get_running_loop().time() + 5.0
    flusher.put(lease, call, success(call))
    assert flusher.due_at == 0.0


async def test_takes_one_lease_at_a_time() -> None:
    """A batch holds the results of one lease, oldest first, and the tenant of each call."""
    flusher, old, new = make_flusher(FakeGate(), size=2), make_lease(), make_lease()
    calls = [make_call() for _ in range(4)]
    for lease, call in zip((old, new, old, old), calls, strict=True):
        flusher.put(lease, call, success(call))
    assert flusher.leases == [old, new]
    assert [result.call.call_id for result in flusher.take(old)] == [
        calls[0].call_id,
        calls[2].call_id,
    ]
    (result,) = flusher.take(new)
    assert json.loads(result.text)["tenant_id"] == "acme"
    assert flusher.pending == 1


async def test_huge_answers_go_a_few_at_a_time() -> None:
    """A batch is bounded in bytes too, but a single larger answer still goes out."""
    flusher, lease = make_flusher(FakeGate()), make_lease()
    for megabytes in (3, 3, 3, 10, 1):
        call = make_call()
        flusher.put(lease, call, success(call, reasoning="x" * megabytes * 1024**2))
    batches = [len(flusher.take(lease)) for _ in range(4)]
    assert batches == [2, 1, 1, 1]
    assert flusher.pending == 0


async def test_a_result_holds_its_answer_once_and_its_room_until_it_is_recorded() -> None:
    """It holds the answer's text only, neither the request nor the raw bytes read."""
    gate, room = FakeGate(), Room(10 * MIB)
    flusher, lease, call = make_flusher(gate), make_lease(), make_call()
    share = room.share()
    await share.grow(2 * MIB)
    flusher.put(lease, call, success(call, reasoning="x" * MIB, share=share))
    (result,) = flusher.take(lease)
    assert (result.call.request, result.outcome.response, result.outcome.reasoning) == ("",) + (
        None,
    ) * 2
    assert room.used == len(result.text)
    assert MIB < room.used < MIB + 2000
    flusher.give_back([result])
    assert room.used > MIB
    await flusher.record(lease, flusher.take(lease))
    assert room.used == 0


async def test_refused_result_becomes_malformed() -> None:
    """One result that the database refuses is replaced; the others are recorded as they are."""
    gate = FakeGate()
    flusher, lease = make_flusher(gate), make_lease()
    good, bad = make_call(), make_call()
    gate.refuse = lambda row: REFUSED if row.get("reasoning") == "bad" else None
    flusher.put(lease, good, success(good))
    flusher.put(lease, bad, success(bad, reasoning="bad"))
    lease.held = 2

    await flusher.record(lease, flusher.take(lease))

    outcomes = {row["call_id"]: row for _, rows in gate.recorded for row in rows}
    assert outcomes[str(good.call_id)]["outcome"] == "success"
    assert outcomes[str(bad.call_id)]["outcome"] == "malformed"
    assert outcomes[str(bad.call_id)]["error_code"] == "result_refused"
    assert (lease.held, flusher.pending) == (0, 0)


async def test_result_that_json_can_not_hold_becomes_malformed() -> None:
    """A result that can't be serialized costs only its own call the answer."""
    gate = FakeGate()
    flusher, lease = make_flusher(gate), make_lease()
    good, bad = make_call(), make_call()
    flusher.put(lease, bad, success(bad, metadata={"score": object()}))
    flusher.put(lease, good, success(good))
    lease.held = 2
    await flusher.record(lease, flusher.take(lease))
    ((_, rows),) = gate.recorded
    assert [(row["outcome"], row.get("error_code")) for row in rows] == [
        ("malformed", "result_refused"),
        ("success", None),
    ]


async def test_call_that_can_not_be_settled_ends_the_lease() -> None:
    """When even the replacement is refused, the lease ends, so that the call is not stuck."""
    gate, stuck = FakeGate(), list[Lease]()
    flusher, lease, call = make_flusher(gate), make_lease(), make_call()
    flusher.on_stuck = lambda lease, reason: stuck.append(lease)
    gate.refuse = lambda row: REFUSED
    flusher.put(lease, call, success(call))
    lease.held = 1
    await flusher.record(lease, flusher.take(lease))
    assert stuck == [lease]
    assert (lease.held, flusher.pending) == (0, 0)


@pytest.mark.parametrize("script", [[UNREACHABLE], [REFUSED, None, UNREACHABLE]])
async def test_trouble_gives_back_what_is_unsettled(script: list[Any]) -> None:
    """Database trouble loses no result, whether it hits a whole batch or the middle of one."""
    gate = FakeGate()
    flusher, lease = make_flusher(gate), make_lease()
    for call in (make_call(), make_call(), make_call()):
        flusher.put(lease, call, success(call))
    lease.held = 3
    gate.records = list(script)
    with pytest.raises(GateError):
        await flusher.record(lease, flusher.take(lease))
    settled = sum(len(rows) for _, rows in gate.recorded)
    assert flusher.pending == lease.held == 3 - settled
    await flusher.record(lease, flusher.take(lease))
    assert len({row["call_id"] for _, rows in gate.recorded for row in rows}) == 3


async def test_a_materializer_that_takes_too_long_is_left_out() -> None:
    """Its own call loses the row but keeps its answer, and the other calls keep theirs."""
    gate = FakeGate()
    flusher, lease = make_flusher(gate), make_lease()
    quick, slow = make_call(), make_call()
    gate.refuse = lambda row: (
        TIMED_OUT if row.get("reasoning") == "slow" and row.get("materialize", True) else None
    )
    flusher.put(lease, slow, success(slow, reasoning="slow"))
    flusher.put(lease, quick, success(quick))
    lease.held = 2

    await flusher.record(lease, flusher.take(lease))

    rows = [row for _, rows in gate.recorded for row in rows]
    assert [(row["outcome"], row.get("materialize")) for row in rows] == [
        ("success", False),
        ("success", None),
    ]
    assert (lease.held, flusher.pending) == (0, 0)


async def test_a_slow_database_loses_nothing() -> None:
    """A result that times out even without a materializer is database trouble: it is kept."""
    gate = FakeGate()
    flusher, lease, call = make_flusher(gate), make_lease(), make_call()
    gate.refuse = lambda row: TIMED_OUT
    flusher.put(lease, call, success(call))
    lease.held = 1
    with pytest.raises(GateError):
        await flusher.record(lease, flusher.take(lease))
    assert (lease.held, flusher.pending) == (1, 1)
