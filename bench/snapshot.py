"""What an old snapshot costs: claim and record of 100, while no dead row of the queue may go.

A session opens a transaction and keeps its snapshot, as a report or a forgotten psql does, and
calls go through meanwhile: enqueued, claimed and recorded from SQL, a hundred at a time. Prints
how long a batch takes as the dead rows pile up, and how many pages a claim and its pick look at,
which no load on the machine changes; first without such a session, then with it, and how it goes
on once the session has gone. Each run begins with vacuumed tables.
"""

import argparse
import json
import shutil
import tempfile
import time
import uuid
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg.types.json import Jsonb

from bench import ledger, work
from tollhouse_demo.stack import Stack

__all__ = ["measure"]

_BATCH = 100


def measure(stack: Stack, calls: int, every: int, title: str) -> list[tuple[float, float]]:
    """Put calls through; print a line for so many, and return its milliseconds for each batch."""
    worker_id = uuid.uuid4()
    figures: list[tuple[float, float]] = []
    claiming = recording = 0.0
    with stack.connect("worker") as worker, stack.connect("app") as app:
        worker.execute(
            "select from tollhouse_worker.register(%s, 'bench', %s, '0')", (worker_id, _BATCH)
        )
        for number in range(calls // _BATCH):
            _enqueue(app, number)
            last = (number + 1) * _BATCH % every == 0
            if last:
                claim = _pages(worker, "select * from tollhouse_worker.claim(%s, %s)", worker_id)
                with stack.connect() as admin:
                    pick = _pages(admin, "select tollhouse_private.pick(%s, %s)", "")
            begin = time.perf_counter()
            rows = worker.execute(
                "select * from tollhouse_worker.claim(%s, %s)", (worker_id, _BATCH)
            ).fetchall()
            claiming += time.perf_counter() - begin
            assert len(rows) == _BATCH, f"{len(rows)} of {_BATCH} calls were claimed"
            results = Jsonb([ledger.result(row) for row in rows], dumps=json.dumps)
            begin = time.perf_counter()
            worker.execute("select * from tollhouse_worker.record(%s, %s)", (worker_id, results))
            recording += time.perf_counter() - begin
            worker.execute("select tollhouse_worker.heartbeat(%s, 0)", (worker_id,))
            if last:
                batches = every // _BATCH
                figures.append((claiming / batches * 1000, recording / batches * 1000))
                claiming = recording = 0.0
                print(
                    f"| {title} | {(number + 1) * _BATCH:,} | {figures[-1][0]:.1f}"
                    f" | {figures[-1][1]:.1f} | {claim:,} | {pick:,} | {_dead_rows(stack):,} |",
                    flush=True,
                )
        worker.execute("select tollhouse_worker.deregister(%s)", (worker_id,))
    return figures


def _enqueue(app: psycopg.Connection, number: int) -> None:
    """Enqueue one batch: the same number of calls of each tenant."""
    share = _BATCH // work.TENANTS
    for tenant in range(work.TENANTS):
        with app.transaction():
            app.execute(
                "select tollhouse.set_identity(%s, %s)",
                (f"tenant-{tenant}", f"user-{number % work.USERS}"),
            )
            app.execute(
                "select count(*) from tollhouse.enqueue_many(%s)",
                (json.dumps([work.call(use_cache=True) for _ in range(share)]),),
            )


def _pages(connection: psycopg.Connection, query: LiteralString, argument: object) -> int:
    """Return how many pages a batch's query looks at, the catalog known; it is rolled back."""
    explained = "explain (analyze, buffers, timing off, format json) " + query
    for _ in range(2):
        with connection.transaction(force_rollback=True):
            row = connection.execute(explained, (argument, _BATCH)).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def _dead_rows(stack: Stack) -> int:
    """Return how many dead rows the hot tables have, as the server counts them."""
    with stack.connect() as connection:
        row = connection.execute(
            "select sum(s.n_dead_tup) from pg_stat_all_tables as s"
            " where s.schemaname = 'tollhouse_private'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def _vacuum(stack: Stack) -> None:
    """Let what is dead go."""
    with stack.connect() as admin:
        admin.execute("vacuum (analyze, skip_locked)")


def main() -> None:
    """Measure without a snapshot, with one, and after it."""
    parser = argparse.ArgumentParser(prog="python -m bench.snapshot", description=__doc__)
    parser.add_argument("--calls", type=int, default=40_000, help="calls while it is held")
    parser.add_argument("--every", type=int, default=5_000, help="calls a line")
    given = parser.parse_args()

    # /var/tmp, because as root the server runs under an account that must reach the folder.
    directory = Path(tempfile.mkdtemp(prefix="tollhouse-bench-", dir="/var/tmp"))
    directory.chmod(0o711)
    try:
        with Stack(directory, durable=True, workers=0) as stack:
            work.turn_everything_on(stack)
            print(
                "| snapshot | calls | claim, ms | record, ms"
                " | claim, pages | pick, pages | dead rows |"
            )
            print("|---|---:|---:|---:|---:|---:|---:|")
            _vacuum(stack)
            measure(stack, given.calls, given.every, "none")
            _vacuum(stack)
            with stack.connect() as reader, reader.transaction():
                reader.execute("set transaction isolation level repeatable read")
                reader.execute("select 1")
                measure(stack, given.calls, given.every, "held")
            _vacuum(stack)
            measure(stack, given.every, given.every, "gone, vacuumed")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
