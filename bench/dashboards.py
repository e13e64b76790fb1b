"""Times the dashboards and the page on a ledger of millions of rows, for an auditor and a user."""

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo

from bench import dashboards_data, dashboards_timed
from tollhouse import migrate
from tollhouse.page.snapshot import Reader
from tollhouse_demo.embedded import Cluster

_SETTINGS: dict[str, str | int | float | bool] = {
    "fsync": False,  # only the loading writes
    "full_page_writes": False,
    "wal_level": "minimal",
    "max_wal_senders": 0,
    "max_wal_size": "16GB",
    "shared_buffers": "1GB",
    "maintenance_work_mem": "1GB",
    "log_min_messages": "warning",
}
_MOST_INSERTED = 100_000
_INDEXES = (
    "llm_api_calls_created_at_idx",
    "llm_api_calls_blocked_idx",
    "llm_api_calls_cached_idx",
)

Connected = Connection[tuple[Any, ...]]


def main() -> None:
    """Load, measure, print, clean up; exit status 1 for a dashboard that is not fast."""
    parser = argparse.ArgumentParser(prog="python -m bench.dashboards", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="ledger rows, over 30 days")
    parser.add_argument("--rounds", type=int, default=3, help="timed runs; the median is shown")
    parser.add_argument("--bin-dir", type=Path, help="another server's programs")
    parser.add_argument("--auditor-ms", type=int, default=3000, help="what is fast for an auditor")
    parser.add_argument("--user-ms", type=int, default=1000, help="what is fast for one user")
    given = parser.parse_args()

    directory = Path(tempfile.mkdtemp(prefix="tollhouse-bench-", dir="/var/tmp"))
    directory.chmod(0o711)
    cluster = Cluster(directory / "postgres", settings=_SETTINGS, bin_dir=given.bin_dir)
    try:
        with cluster:
            migrate.deploy(cluster.url())
            with psycopg.connect(cluster.url(), autocommit=True) as connection:
                _load(connection, given.rows)
                _insert_cost(connection, min(given.rows, _MOST_INSERTED))
                slow = dashboards_timed.measure(
                    connection, given.rounds, auditor_ms=given.auditor_ms, user_ms=given.user_ms
                )
            asyncio.run(_page(cluster.url(), given.rounds))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if slow:
        sys.exit("\n".join(slow))


def _load(connection: Connected, rows: int) -> None:
    begin = time.perf_counter()
    dashboards_data.load(connection, rows)
    seconds = time.perf_counter() - begin
    print(f"{os.cpu_count()} cores, PostgreSQL {_value(connection, 'show server_version')}")
    print(f"{rows:,} ledger rows over 30 days, loaded in {seconds:.0f} s, shared_buffers 1 GB")
    for table in ("llm_api_calls", "provider_attempts"):
        size = _value(
            connection,
            "select pg_size_pretty(sum(pg_total_relation_size(i.inhrelid)))"
            " from pg_inherits as i where i.inhparent = %s::regclass",
            f"tollhouse_private.{table}",
        )
        print(f"  {table}: {size}")


def _insert_cost(connection: Connected, rows: int) -> None:
    """Time inserts with and without the indexes that only dashboards use."""
    print(f"\n{rows:,} inserts into the ledger, a hundred a statement, best of 5, in turn")
    times: dict[str, list[float]] = {"with": [], "without": []}
    for _ in range(5):
        for label, seconds in times.items():
            with connection.transaction(force_rollback=True):
                for name in _INDEXES if label == "without" else ():
                    connection.execute(
                        sql.SQL("drop index tollhouse_private.{}").format(sql.Identifier(name))
                    )
                begin = time.perf_counter()
                for first in range(0, rows, 100):
                    connection.execute(dashboards_data.MORE_CALLS, {"from": first, "n": 100})
                seconds.append(time.perf_counter() - begin)
    for label, seconds in times.items():
        micros = min(seconds) / rows * 1e6
        print(f"  {label} {' and '.join(_INDEXES)}: {micros:.1f} µs a row")


async def _page(url: str, rounds: int) -> None:
    url = make_conninfo(url, options="-c role=tollhouse_monitor")
    async with Reader(database_url=url, application_name="bench") as reader:
        times = [(await reader.snapshot()).read_ms for _ in range(rounds + 1)]
    print(f"\nthe page, all that one look at it reads: {statistics.median(times[1:]):,.0f} ms")


def _value(connection: Connected, query: str, *parameters: object) -> Any:
    row = connection.execute(query.encode(), parameters or None).fetchone()
    assert row is not None
    return row[0]


if __name__ == "__main__":
    main()
