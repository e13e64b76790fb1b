"""How long after an outcome is committed wait_for returns, for answers of several latencies.

One client waits and one worker answers, on a server that does nothing else: the call is claimed
before the wait begins, and recorded so many milliseconds later. Prints the median and the worst
delay between the commit and the row in the client's hand.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import threading
import time
import uuid
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from bench import ledger, work
from tollhouse_demo.stack import Stack

__all__ = ["measure"]

LATENCIES_MS = (3, 10, 30, 100, 217, 1000)


def measure(stack: Stack, latency_ms: float, rounds: int) -> list[float]:
    """Return, for each round, by how many milliseconds the answer was late."""
    worker_id = uuid.uuid4()
    late: list[float] = []
    with stack.connect("worker") as worker, stack.connect("app") as app:
        worker.execute("select from tollhouse_worker.register(%s, 'bench', 1, '0')", (worker_id,))
        for number in range(rounds + 3):
            call_id = _enqueue(app)
            rows = worker.execute(
                "select * from tollhouse_worker.claim(%s, 1)", (worker_id,)
            ).fetchall()
            results = Jsonb([ledger.result(row) for row in rows], dumps=json.dumps)
            committed = [0.0]
            answering = threading.Thread(
                target=_answer, args=(worker, worker_id, results, latency_ms / 1000, committed)
            )
            with app.transaction():
                app.execute("select tollhouse.set_identity('tenant-0', 'user-0')")
                answering.start()
                row = app.execute(
                    "select status from tollhouse.wait_for(%s)", (call_id,)
                ).fetchone()
                returned = time.perf_counter()
            answering.join()
            assert row == ("success",), row
            if number >= 3:  # the first make plans
                late.append((returned - committed[0]) * 1000)
        worker.execute("select tollhouse_worker.deregister(%s)", (worker_id,))
    return late


def _enqueue(app: psycopg.Connection) -> uuid.UUID:
    with app.transaction():
        app.execute("select tollhouse.set_identity('tenant-0', 'user-0')")
        request = work.call(use_cache=False)["request"]
        row = app.execute(
            "select call_id from tollhouse.enqueue('explanation', %s, p_use_cache => false)",
            (json.dumps(request),),
        ).fetchone()
    assert row is not None
    call_id: uuid.UUID = row[0]
    return call_id


def _answer(
    worker: psycopg.Connection,
    worker_id: uuid.UUID,
    results: Jsonb,
    seconds: float,
    committed: list[float],
) -> None:
    time.sleep(seconds)
    worker.execute("select * from tollhouse_worker.record(%s, %s)", (worker_id, results))
    committed[0] = time.perf_counter()


def main() -> None:
    """Measure, print, clean up."""
    parser = argparse.ArgumentParser(prog="python -m bench.wait", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="answers of each latency")
    given = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="tollhouse-bench-", dir="/var/tmp"))
    directory.chmod(0o711)
    try:
        with Stack(directory, durable=True, workers=0) as stack:
            print("from the outcome's commit to wait_for's row, ms")
            for latency_ms in LATENCIES_MS:
                late = measure(stack, latency_ms, max(5, given.rounds // (1 + latency_ms // 200)))
                print(
                    f"  answered after {latency_ms:5,.0f}: median {statistics.median(late):6.1f}"
                    f"   worst {max(late):6.1f}"
                )
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
