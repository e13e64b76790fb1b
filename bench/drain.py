"""One worker process drains a queue that fills at one instant; what it costs, and the database."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from bench import work
from tollhouse_demo.stack import Stack

__all__ = ["Figures", "measure"]

_DEADLINE_SECONDS = 900
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Jobs a second, first claim to last outcome; processor time a call, in milliseconds."""

    jobs_per_second: float
    worker_ms: float
    database_ms: float


def measure(stack: Stack, calls: int, concurrency: int) -> Figures:
    """Start a worker, let it idle, give it all calls in one commit, and wait for the last."""
    worker = stack.start_worker(TOLLHOUSE_CONCURRENCY=str(concurrency))
    postmaster = int((stack.cluster.data / "postmaster.pid").read_text().split()[0])
    with stack.connect() as connection:
        with stack.connect("app") as app, app.transaction():
            work.enqueue_in(app, calls)
            before = _seconds(worker.pid), _seconds_of_server(postmaster)
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while connection.execute("select 1 from tollhouse_private.jobs limit 1").fetchone():
            assert time.monotonic() < deadline, "the queue did not drain"
            time.sleep(0.05)
        after = _seconds(worker.pid), _seconds_of_server(postmaster)
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
    return Figures(
        jobs_per_second=calls / float(row[1]),
        worker_ms=(after[0] - before[0]) / calls * 1000,
        database_ms=(after[1] - before[1]) / calls * 1000,
    )


def _seconds_of_server(postmaster: int) -> float:
    """Processor seconds of a server: of all its processes, those that have ended too."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return _seconds(postmaster) + sum(_seconds(int(child)) for child in children)


def _seconds(pid: int) -> float:
    """Processor seconds of a process and of its children that have ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:  # it has just ended: its parent has its time
        return 0.0
    # utime, stime, cutime and cstime, after the name, which may hold blanks
    return sum(map(int, stat.rpartition(")")[2].split()[11:15])) / _TICKS
