"""Tollhouse beside the baseline and the floor: the same load in one run, in turn, from SQL.

Both sides run in the same server, each in a database of its own, and their loads are procedures, so
that neither pays for a client. The floor is pgbench on a bare table.
"""

import re
import statistics
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import psycopg

from tollhouse_demo.stack import Stack

__all__ = ["NOTHING", "Comparison", "Drained", "Sides", "drain_on"]

_HERE = Path(__file__).parent
_DATABASE = "baseline"
ALL = 10**9
_IN_TURN = 5  # batches


@dataclass(kw_only=True)
class Comparison:
    """One measure of both sides, round by round, and the ratio that is wanted."""

    HEADER: ClassVar[str] = f"  {'medians':<40}      ours  baseline   ratio"

    name: str
    target: str = ""
    ours: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)

    def add(self, ours: float, baseline: float) -> None:
        """Add a round."""
        self.ours.append(ours)
        self.baseline.append(baseline)

    def __str__(self) -> str:
        ratios = sorted(o / b for o, b in zip(self.ours, self.baseline, strict=True))
        wanted = f"   target {self.target}" if self.target else ""
        return (
            f"  {self.name:<40} {statistics.median(self.ours):7,.0f}/s"
            f" {statistics.median(self.baseline):7,.0f}/s    {statistics.median(ratios):.2f}"
            f" ({ratios[0]:.2f} to {ratios[-1]:.2f}){wanted}"
        )


@dataclass(frozen=True)
class Drained:
    """What one connection drained: calls, when (seconds of the epoch), and for how long by step."""

    calls: float
    begun: float
    ended: float
    claiming: float
    recording: float

    @property
    def rate(self) -> float:
        """Calls a second, commits included."""
        return self.calls / (self.claiming + self.recording)

    def __add__(self, later: "Drained") -> "Drained":
        return Drained(
            calls=self.calls + later.calls,
            begun=self.begun,
            ended=later.ended,
            claiming=self.claiming + later.claiming,
            recording=self.recording + later.recording,
        )


NOTHING = Drained(calls=0, begun=0, ended=0, claiming=0, recording=0)


class Sides:
    """The two databases of one stack, and what can be done to both."""

    def __init__(self, stack: Stack) -> None:
        """Make the baseline and the loads."""
        self._stack = stack
        self._urls = {
            "app": stack.url("app"),
            "worker": stack.url("worker"),
            "baseline": stack.cluster.url(_DATABASE),
        }
        with psycopg.connect(stack.cluster.url(), autocommit=True) as admin:
            admin.execute(f"create database {_DATABASE}".encode())
        self._run(stack.url(), "ours_load.sql")
        for script in ("baseline.sql", "baseline_load.sql", "pgbench/floor.sql"):
            self._run(self._urls["baseline"], script)

    def autovacuum(self, *, on: bool) -> None:
        """Turn it off, so that nothing is analyzed behind our back, or on again."""
        with psycopg.connect(self._stack.cluster.url(), autocommit=True) as admin:
            admin.execute(f"alter system set autovacuum = {'on' if on else 'off'}".encode())
            admin.execute("select pg_reload_conf()")

    def analyze(self) -> None:
        """Vacuum and analyze both."""
        for url in (self._stack.url(), self._urls["baseline"]):
            with psycopg.connect(url, autocommit=True) as admin:
                admin.execute("vacuum analyze")

    @property
    def analyzed(self) -> bool:
        """Whether any table of ours has been."""
        with self._stack.connect() as admin:
            row = admin.execute(
                "select from pg_stat_user_tables as t where t.schemaname = 'tollhouse_private'"
                " and coalesce(t.last_analyze, t.last_autoanalyze) is not null limit 1"
            ).fetchone()
        return row is not None

    def fill(self, calls: int, *, payers: int = 30, use_cache: bool = True) -> float:
        """Enqueue calls of ours, at most 1000 of one payer a statement; return calls a second."""
        taken = self._filled("app", "call bench.fill(%s, %s, %s, null)", calls, payers, use_cache)
        return calls / taken

    def fill_baseline(self, calls: int, *, use_cache: bool = True) -> float:
        """Enqueue calls of the baseline in one transaction; return calls a second."""
        taken = self._filled("baseline", "call baseline.fill(%s, %s, null)", calls, use_cache)
        return calls / taken

    def drain_in_turn(self, batch: int, warm: int) -> tuple[Drained, Drained]:
        """Drain ours and the baseline a few batches at a time; each side's first are left out.

        In turn, because the speed of a shared machine changes within a round.
        """
        ours, baseline = NOTHING, NOTHING
        with self.connect("worker") as worker, self.connect("baseline") as other:
            drain_on(worker, "bench", batch, batches=warm)
            drain_on(other, "baseline", batch, batches=warm)
            while True:
                one = drain_on(worker, "bench", batch, batches=_IN_TURN)
                two = drain_on(other, "baseline", batch, batches=_IN_TURN)
                if not one.calls and not two.calls:
                    return ours, baseline
                ours, baseline = ours + one, baseline + two

    def drain(self, batch: int, warm: int = 0, batches: int = ALL) -> Drained:
        """Claim and record until ours is empty; the first `warm` batches are left out."""
        with self.connect("worker") as connection:
            return drain_on(connection, "bench", batch, warm, batches)

    def drain_baseline(self, batch: int, warm: int = 0) -> Drained:
        """Claim and record until the baseline is empty; the first `warm` batches are left out."""
        with self.connect("baseline") as connection:
            return drain_on(connection, "baseline", batch, warm)

    def drain_by_two(self, batch: int, warm: int) -> tuple[float, float]:
        """Let two connections drain ours, then the baseline; return each side's calls a second."""
        with ThreadPoolExecutor(2) as pool:
            ours = list(pool.map(self.drain, [batch] * 2, [warm] * 2))
            baseline = list(pool.map(self.drain_baseline, [batch] * 2, [warm] * 2))
        return _rate_of(ours), _rate_of(baseline)

    def pgbench(self, login: str, script: str, *, clients: int, seconds: int) -> float:
        """Run a script of bench/pgbench; return transactions a second."""
        printed = subprocess.run(
            [
                self._stack.cluster.binaries.program("pgbench"),
                *("-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2))),
                *("-T", str(seconds), "-f", _HERE / "pgbench" / f"{script}.sql"),
                self._urls[login],
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        found = re.search(r"^tps = ([\d.]+)", printed, re.MULTILINE)
        assert found is not None, printed
        return float(found[1])

    def _run(self, url: str, script: str) -> None:
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute((_HERE / script).read_bytes())

    def connect(self, login: str) -> psycopg.Connection:
        """Return a new connection of app, worker or baseline."""
        return psycopg.connect(self._urls[login], autocommit=True)

    def _filled(self, login: str, query: str, *given: object) -> float:
        with self.connect(login) as connection:
            row = connection.execute(query.encode(), given).fetchone()
        assert row is not None
        return float(row[0])


def drain_on(
    connection: psycopg.Connection, schema: str, batch: int, warm: int = 0, batches: int = ALL
) -> Drained:
    """Claim and record so many batches on a side's connection, the first `warm` left out."""
    row = connection.execute(
        f"call {schema}.drain(%s, %s, %s, null, null, null, null, null)".encode(),
        (batch, warm, batches),
    ).fetchone()
    assert row is not None
    return Drained(*row)


def _rate_of(shares: list[Drained]) -> float:
    """Calls a second of several connections while at least one of them was at work."""
    begun = min(share.begun for share in shares)
    ended = max(share.ended for share in shares)
    return sum(share.calls for share in shares) / (ended - begun)
