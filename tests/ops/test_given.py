"""TOLLHOUSE_TEST_SERVER_URL: the database suites on a server that already runs."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import admin, make_cluster, missing
from tests.support.waiting import PATIENCE
from tollhouse_demo.embedded import Cluster

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def elsewhere(cluster_home: Path) -> Iterator[Cluster]:
    """Return a cluster that the tests are given by its URL only."""
    if reason := missing("pg18"):
        pytest.skip(reason)
    with make_cluster(cluster_home / "elsewhere", "pg18") as cluster:
        yield cluster


def run(url: str, *files: str) -> subprocess.CompletedProcess[str]:
    """Run files of tests on the server of a URL."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *files],
        env=os.environ | {"TOLLHOUSE_TEST_SERVER_URL": url, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=PATIENCE,
    )


def test_suites_run_there(elsewhere: Cluster) -> None:
    """There and nowhere else, whatever a run before left; what needs its programs is skipped."""
    files = (
        "tests/race/test_health.py",
        "tests/dashboards/test_bench.py",
        "tests/sqitch/test_embedded.py",
    )
    with admin(elsewhere) as superuser:
        for _ in range(2):
            done = run(elsewhere.url(), *files)
            assert 0 == done.returncode, done.stdout + done.stderr
            assert re.search(r"^database servers: pg18\.\d+$", done.stdout, re.MULTILINE)
            assert "only the server of TOLLHOUSE_TEST_SERVER_URL is tested" in done.stdout
            assert "the test needs a cluster of its own" in done.stdout
            assert "this server's programs are not here" in done.stdout
            superuser.execute("create database tollhouse_test_1")
        left = superuser.execute("select from pg_database where datname = 'tollhouse_template'")
        assert 1 == left.rowcount


def test_no_server_is_a_failure() -> None:
    """A URL under which nobody answers stops the run."""
    done = run("postgresql://u:secret@127.0.0.1:1/x", "tests/race/test_health.py")
    assert done.returncode not in (0, 5)
    assert "Connection refused" in done.stdout + done.stderr
    assert "secret" not in done.stdout + done.stderr
