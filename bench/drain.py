"""One worker process drains a full queue; the database says when it began and ended."""

import time

from tollhouse_demo.stack import Stack

__all__ = ["measure"]

_DEADLINE_SECONDS = 900


def measure(stack: Stack, calls: int, concurrency: int) -> float:
    """Start a worker on a full queue and return jobs per second, first claim to last outcome."""
    with stack.connect() as connection:
        connection.execute("vacuum analyze tollhouse_private.jobs")
        worker = stack.start_worker(TOLLHOUSE_CONCURRENCY=str(concurrency))
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while connection.execute("select 1 from tollhouse_private.jobs limit 1").fetchone():
            assert time.monotonic() < deadline, "the queue did not drain"
            time.sleep(0.05)
        row = connection.execute(
            """
            select count(*), extract(epoch from max(finished_at) - min(started_at))::float8
            from tollhouse_private.provider_attempts
            where started_at >= (
              select started_at from tollhouse_private.workers order by started_at desc limit 1
            ) and outcome = 'success'
            """
        ).fetchone()
        stack.stop_worker(worker)
    assert row is not None
    assert row[0] == calls, f"{row[0]} of {calls} calls succeeded"
    return calls / float(row[1])
