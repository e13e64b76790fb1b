"""bench/dashboards.py still fits the schema: every dashboard is timed on the rows that it makes."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support.operational_queries import dashboards

ROOT = Path(__file__).parents[2]


def test_every_dashboard_is_timed() -> None:
    """A small ledger is made, and each dashboard but that of the workers shows rows of it."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.dashboards", "--rows", "20000", "--rounds", "1"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=120,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert re.search(r"^the page, .*: [\d,]+ ms$", done.stdout, re.MULTILINE)
    lines = re.findall(
        r"^\| (\d\d_\w+) \| [\d,]+ \| [\d,-]+ \| (\d+) \|", done.stdout, re.MULTILINE
    )
    assert [dashboard.name for dashboard in dashboards()] == [name for name, _ in lines]
    assert ["09_workers"] == [name for name, rows in lines if rows == "0"]
