"""Hundreds of large answers at once: what they cost a worker in memory, time and attempts."""

import argparse
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import work
from tollhouse_demo.processes import ChildProcess
from tollhouse_demo.stack import Stack

__all__ = ["Figures", "measure"]

_MB = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Memory in MB; attempts by outcome, and what the provider has on its bill."""

    before_mb: float
    peak_mb: float
    seconds: float
    outcomes: dict[str, int]
    billed: int
    kept: int


def main() -> None:
    """Measure, print, clean up."""
    parser = argparse.ArgumentParser(prog="python -m bench.large", description=__doc__)
    parser.add_argument("--calls", type=int, default=300, help="calls, all in flight at once")
    parser.add_argument("--megabytes", type=float, default=5, help="of each answer")
    given = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="tollhouse-bench-", dir="/var/tmp"))
    directory.chmod(0o711)
    try:
        with Stack(directory, durable=True, workers=0) as stack:
            print(f"{given.calls} answers of {given.megabytes:g} MB, all in flight at once")
            figures = measure(stack, given.calls, given.megabytes)
            print(
                f"  {figures.seconds:.0f} s, attempts {figures.outcomes}, billed {figures.billed}"
            )
            print(
                f"  worker: {figures.before_mb:.0f} MB before, {figures.peak_mb:.0f} MB at its peak"
            )
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def measure(stack: Stack, calls: int, megabytes: float, *, seconds: float = 1800) -> Figures:
    """Let a worker have all calls in flight before the first answer, and wait for the last."""
    content = int(megabytes * _MB)
    worker = stack.start_worker(TOLLHOUSE_CONCURRENCY=str(calls))
    before = _peak_mb(worker)
    stack.mock.fault({"large": content})
    work.enqueue(stack, calls, use_cache=False)
    begin = time.monotonic()
    with stack.connect() as connection:
        while connection.execute("select 1 from tollhouse_private.jobs limit 1").fetchone():
            assert time.monotonic() < begin + seconds, "the queue did not drain"
            assert worker.running, worker.output[-2000:]
            time.sleep(0.1)
        taken = time.monotonic() - begin
        outcomes: dict[str, int] = dict(
            connection.execute(
                "select outcome, count(*) from tollhouse_private.provider_attempts group by 1"
            ).fetchall()
        )
        kept = connection.execute(
            "select count(*) from tollhouse_private.call_content"
            " where length(response ->> 'content') = %s",
            (content,),
        ).fetchone()
    assert kept is not None
    return Figures(
        before_mb=before,
        peak_mb=_peak_mb(worker),
        seconds=taken,
        outcomes=outcomes,
        billed=stack.mock.totals()["billed"],
        kept=kept[0],
    )


def _peak_mb(worker: ChildProcess) -> float:
    status = Path(f"/proc/{worker.pid}/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1000


if __name__ == "__main__":
    main()
