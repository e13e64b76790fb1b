"""The servers that the database suites run on, and how a test cluster is made.

The wheel's 18, Debian's 15 where it is installed, and those whose program folders
TOLLHOUSE_TEST_SERVERS names, separated by colons: /usr/lib/postgresql/17/bin

TOLLHOUSE_TEST_SERVER_URL, a superuser's, names a running server to use instead of all these.
The tests drop and recreate its databases tollhouse_t… and roles th_….
"""

import functools
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest

from tests.support.given import GivenServer
from tollhouse_demo.embedded import Cluster, EmbeddedError, find_binaries

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def added(folders: str) -> dict[str, Path]:
    """Return name → program folder of further servers; raise EmbeddedError where there is none."""
    found = (find_binaries(folder) for folder in folders.split(os.pathsep) if folder)
    return {f"pg{binaries.version}": binaries.bin_dir for binaries in found}


ADDED = added(os.environ.get("TOLLHOUSE_TEST_SERVERS", ""))
GIVEN = GivenServer(url) if (url := os.environ.get("TOLLHOUSE_TEST_SERVER_URL")) else None
SERVERS = (GIVEN.name,) if GIVEN else ("pg18", "pg15", *ADDED)
SETTINGS: dict[str, str | int | bool] = {
    "fsync": False,  # no test survives a machine crash, and kill -9 needs no fsync
    "full_page_writes": False,
    "max_connections": 200,
    "max_prepared_transactions": 5,
    "max_wal_size": "256MB",  # it may be in memory, see new_home
    "shared_buffers": "128MB",
    "autovacuum": True,
    "log_min_messages": "warning",
}


_MEMORY, _MEMINFO = Path("/dev/shm"), Path("/proc/meminfo")
_GIGABYTE = 2**30


def new_home(*, durable: bool = False) -> Path:
    """Return a new folder that the server's account can enter, unlike, perhaps, pytest's own.

    It is in memory where there is plenty, unless it has to be durable: a clone of a database is
    hundreds of files, and a disk takes ten times as long to make them.
    """
    base = Path("/var/tmp") if durable or not _is_roomy(_MEMORY) else _MEMORY
    home = Path(tempfile.mkdtemp(prefix="tollhouse-tests-", dir=base))
    home.chmod(0o755 if os.geteuid() == 0 else 0o700)
    return home


def _is_roomy(memory: Path) -> bool:
    try:
        available = re.search(r"MemAvailable: +(\d+)", _MEMINFO.read_text())
        programs_run = not os.statvfs(memory).f_flag & os.ST_NOEXEC
        free = shutil.disk_usage(memory).free
    except OSError:
        return False
    roomy = available and int(available[1]) * 1024 > 6 * _GIGABYTE and free > 4 * _GIGABYTE
    return bool(roomy) and programs_run and os.access(memory, os.W_OK)


def bin_dir(server: str) -> Path | None:
    """Return the programs of a server of SERVERS; None means those of the wheel."""
    return DEBIAN_15 if server == "pg15" else ADDED.get(server)


@functools.cache
def missing(server: str) -> str:
    """Say in plain words why a server can't be used here; empty when it can."""
    if GIVEN:
        others = "only the server of TOLLHOUSE_TEST_SERVER_URL is tested"
        return "" if server == GIVEN.name else others
    if server == "pg15" and not (DEBIAN_15 / "postgres").exists():
        return "PostgreSQL 15 is not installed (Debian: postgresql-15)"
    try:
        find_binaries(bin_dir(server))
    except EmbeddedError as error:
        return str(error)
    return ""


def make_cluster(directory: Path, server: str) -> Cluster:
    """Return a cluster for tests in a folder of its own, not started yet."""
    if GIVEN and server == GIVEN.name:
        pytest.skip("the test needs a cluster of its own")
    return Cluster(directory, bin_dir=bin_dir(server), settings=SETTINGS)


def admin(cluster: Cluster, dbname: str = "postgres") -> psycopg.Connection:
    """Return an autocommit connection of the superuser."""
    return psycopg.connect(cluster.url(dbname), autocommit=True)


def psql(
    cluster: Cluster, dbname: str, *arguments: str, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run the server's psql as superuser, without a psqlrc."""
    return subprocess.run(
        [cluster.psql_path, "-X", *arguments],
        env=superuser_environment(cluster, dbname),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def superuser_environment(cluster: Cluster, dbname: str) -> dict[str, str]:
    """Return an environment in which libpq programs reach a database as superuser."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(cluster.port),
        "PGUSER": "postgres",
        "PGPASSWORD": cluster.password,
        "PGDATABASE": dbname,
        "PGCLIENTENCODING": "UTF8",
    }
