"""bench/dashboards.py still fits the schema: every dashboard is timed on the rows that it makes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.operational_queries import dashboards
from tests.support.servers import missing
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(missing("pg18") != "", reason=missing("pg18"))


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run bench.dashboards with one round."""
    return subprocess.run(
        [sys.executable, "-m", "bench.dashboards", "--rounds", "1", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=PATIENCE,
    )


def test_every_dashboard_is_timed() -> None:
    """A small ledger is made, and each dashboard but that of the workers shows rows of it."""
    done = bench("--rows", "20000")
    assert (0, "") == (done.returncode, done.stderr)
    assert re.search(r"^the page, .*: [\d,]+ ms$", done.stdout, re.MULTILINE)
    lines = re.findall(
        r"^\| (\d\d_\w+) \| [\d,]+ \| [\d,-]+ \| (\d+) \|", done.stdout, re.MULTILINE
    )
    assert [dashboard.name for dashboard in dashboards()] == [name for name, _ in lines]
    assert ["09_workers"] == [name for name, rows in lines if rows == "0"]


def test_a_slow_dashboard_is_a_failure() -> None:
    """Status 1, and a line for each that took longer than its reader's bound."""
    done = bench("--rows", "2000", "--user-ms", "0")
    assert 1 == done.returncode
    slow = re.findall(r"^(\d\d_\w+) takes the user [\d,]+ ms$", done.stderr, re.MULTILINE)
    shown = re.findall(r"^\| (\d\d_\w+) \| [\d,]+ \| [\d,]+ \|", done.stdout, re.MULTILINE)
    assert shown == slow
    assert len(slow) == len(done.stderr.splitlines())
