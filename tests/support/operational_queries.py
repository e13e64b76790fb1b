"""Runs every dashboard, saves its rows as CSV, and checks them against what happened.

Exits with 0 if every check passes, else with 1 and one line on stderr for each problem.
"""

import argparse
import csv
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from tollhouse.connection import CONNECTION_OPTIONS, deadline

FOLDER = Path(__file__).parents[2] / "db" / "dashboards"
# Once a call was made these have rows; the others show the current state, if there is any.
NEVER_EMPTY = ("01", "02", "04", "07", "08", "11")
_SECONDS = 600.0
_RECENT = timedelta(hours=12)  # well inside the 24 hours that the shortest dashboards look back
_COLUMN = re.compile(r"^-- ([a-z0-9_]+): \S", re.MULTILINE)
_LIMIT = re.compile(r"^limit \d+;\s*\Z", re.MULTILINE)

Line = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """One numbered file."""

    name: str
    text: str

    @property
    def number(self) -> str:
        """The number that its name begins with."""
        return self.name.partition("_")[0]

    @property
    def documented(self) -> list[str]:
        """The columns that its header comment explains, in order."""
        return _COLUMN.findall(self.text.partition("\nselect\n")[0])

    @property
    def unlimited(self) -> str:
        """Its query without the limit, which only helps a human reader."""
        return _LIMIT.sub(";", self.text)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a dashboard showed."""

    columns: list[str]
    rows: list[tuple[Any, ...]]

    def tenants(self) -> set[str]:
        """The tenants among its rows."""
        if "tenant_id" not in self.columns:
            return set()
        place = self.columns.index("tenant_id")
        return {row[place] for row in self.rows}


def dashboards(folder: Path = FOLDER) -> list[Dashboard]:
    """Return the files of a folder, in the order of their numbers."""
    return [
        Dashboard(name=path.stem, text=path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("[0-9][0-9]_*.sql"))
    ]


def run(connection: psycopg.Connection[Any], query: str) -> Shown:
    """Run a query."""
    cursor = connection.execute(query.encode())
    columns = [column.name for column in cursor.description or ()]
    return Shown(columns=columns, rows=cursor.fetchall())


def expected_tenants(probe: Line, now: datetime) -> dict[str, set[str]]:
    """Return dashboard number → tenants that it must show, by the calls of a probe.

    Calls of another month, or from more than half a day ago, are ignored: the dashboards look
    back a limited time.
    """
    expected: dict[str, set[str]] = {}
    for call in (call for test in probe["tests"] for call in test["calls"]):
        finished = datetime.fromisoformat(call["finished_at"]).astimezone(UTC)
        if now - finished > _RECENT or (finished.year, finished.month) != (now.year, now.month):
            continue
        # 08 counts attempts, 06 refusals, 02 answers, 10 hits; 01 and 07 whatever cost money.
        for number, holds in (
            ("01", call["cost_micro_usd"] > 0),
            ("02", call["status"] == "success"),
            ("06", call["status"] == "blocked"),
            ("07", call["cost_micro_usd"] > 0),
            ("08", call["provider_attempted"]),
            ("10", call["was_cached"]),
        ):
            if holds:
                expected.setdefault(number, set()).add(call["tenant_id"])
    return expected


def problems(
    dashboard: Dashboard, shown: Shown, tenants: Iterable[str], *, empty: bool
) -> Iterator[str]:
    """Yield the problems in a dashboard's output."""
    if shown.columns != dashboard.documented:
        yield (
            f"{dashboard.name}: its columns are {', '.join(shown.columns)};"
            f" documented are {', '.join(dashboard.documented) or 'none'}"
        )
    if not shown.rows and not empty:
        yield f"{dashboard.name}: no rows"
    for tenant in sorted(set(tenants) - shown.tenants()):
        yield f"{dashboard.name}: tenant {tenant} of the probe is missing"


def main(arguments: list[str] | None = None) -> int:
    """Run, write, check, report."""
    parser = argparse.ArgumentParser(prog="run_operational_queries", description=__doc__)
    parser.add_argument(
        "--database-url",
        default=os.environ.get("DATABASE_URL"),
        help="as a member of tollhouse_monitor (default: DATABASE_URL)",
    )
    parser.add_argument("--probe", type=Path, help="runtime_db_probe.json of the end-to-end tests")
    parser.add_argument("--output", type=Path, required=True, help="folder for the CSV files")
    parser.add_argument("--dashboards", type=Path, default=FOLDER, help="folder of the queries")
    parser.add_argument(
        "--all-rows", action="store_true", help="every dashboard must show rows, none excepted"
    )
    given = parser.parse_args(arguments)
    if not given.database_url:
        parser.error("no --database-url, and DATABASE_URL is not set")

    try:
        found = list(_check(given))
    except (psycopg.Error, OSError, ValueError) as error:
        found = [f"{type(error).__name__}: {' '.join(str(error).split())}"]
    for line in found:
        print(f"run_operational_queries: {line}", file=sys.stderr)
    return 1 if found else 0


def _check(given: argparse.Namespace) -> Iterator[str]:
    queries = dashboards(given.dashboards)
    if not queries:
        yield f"no dashboards in {given.dashboards}"
    given.output.mkdir(parents=True, exist_ok=True)
    with (
        psycopg.connect(given.database_url, autocommit=True, **CONNECTION_OPTIONS) as connection,
        deadline(connection, _SECONDS),
        connection.transaction(),
    ):
        connection.execute("set transaction read only")
        connection.execute("set local timezone = 'UTC'")
        connection.execute("set local statement_timeout = '1min'")
        (now,) = connection.execute("select now()").fetchone() or (datetime.now(UTC),)
        expected: dict[str, set[str]] = {}
        if given.probe:
            expected = _expected(given.probe, now)
            if not expected:
                yield f"{given.probe}: no call of the last {_RECENT} of this month to check by"
        for dashboard in queries:
            shown = run(connection, dashboard.unlimited)
            _write(given.output / f"{dashboard.name}.csv", shown)
            print(f"{dashboard.name}: {len(shown.rows)} rows")
            empty = not given.all_rows and dashboard.number not in NEVER_EMPTY
            tenants = expected.get(dashboard.number, set())
            yield from problems(dashboard, shown, tenants, empty=empty)


def _expected(path: Path, now: datetime) -> dict[str, set[str]]:
    try:
        return expected_tenants(json.loads(path.read_text(encoding="utf-8")), now)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no probe of the end-to-end tests ({error})") from error


def _write(path: Path, shown: Shown) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(shown.columns)
        writer.writerows(shown.rows)


if __name__ == "__main__":
    sys.exit(main())
