"""The ledger without HTTP: one connection claims and records as fast as the database lets it."""

import json
import time
import uuid
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from tollhouse_demo.stack import Stack

__all__ = ["Figures", "measure", "result"]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Calls per second, and milliseconds per batch of each statement."""

    calls_per_second: float
    claim_ms: float
    record_ms: float


def measure(stack: Stack, calls: int, batch: int) -> Figures:
    """Drain a full queue through claim and record; every answer is a success of usual size."""
    worker_id = uuid.uuid4()
    claiming = recording = 0.0
    done = batches = 0
    with stack.connect() as admin:
        admin.execute("vacuum analyze tollhouse_private.jobs")
    with stack.connect("worker") as worker:
        worker.execute(
            "select from tollhouse_worker.register(%s, 'bench', %s, '0')", (worker_id, batch)
        )
        while True:
            begin = time.perf_counter()
            rows = worker.execute(
                "select * from tollhouse_worker.claim(%s, %s)", (worker_id, batch)
            ).fetchall()
            claiming += time.perf_counter() - begin
            if not rows:
                break
            results = Jsonb([result(row) for row in rows], dumps=json.dumps)
            begin = time.perf_counter()
            worker.execute("select * from tollhouse_worker.record(%s, %s)", (worker_id, results))
            recording += time.perf_counter() - begin
            done += len(rows)
            batches += 1
            worker.execute("select tollhouse_worker.heartbeat(%s, 0)", (worker_id,))
        worker.execute("select tollhouse_worker.deregister(%s)", (worker_id,))
    assert done == calls, f"{done} of {calls} calls were claimed"
    return Figures(
        calls_per_second=done / (claiming + recording),
        claim_ms=claiming / batches * 1000,
        record_ms=recording / batches * 1000,
    )


def result(row: tuple[object, ...]) -> dict[str, object]:
    """Return the result of a claimed call: a success of usual size."""
    call_id, attempt, tenant_id = row[:3]
    return {
        "tenant_id": tenant_id,
        "call_id": str(call_id),
        "attempt": attempt,
        "outcome": "success",
        "http_status": 200,
        "latency_ms": 3,
        "provider_request_id": f"req-{call_id}",
        "input_tokens": 40,
        "cached_input_tokens": 0,
        "output_tokens": 60,
        "reasoning_tokens": 12,
        "response": {"content": "Search brought more orders a euro. " * 6, "finish_reason": "stop"},
        "reasoning": "Orders divided by spend, channel by channel.",
        "metadata": {"model": "mock-small", "usage": {"prompt_tokens": 40}},
    }
