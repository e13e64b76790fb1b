"""Clusters and databases for every suite: one cluster a server, one clone a test."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest

from tests.support import servers
from tests.support.database import Database, cloned, create_template
from tollhouse.embedded import Cluster


@pytest.fixture(scope="session")
def cluster_home() -> Iterator[Path]:
    """Return a folder that the server's account can enter, which pytest's own may not be."""
    home = Path(tempfile.mkdtemp(prefix="tollhouse-tests-", dir="/var/tmp"))
    home.chmod(0o755 if os.geteuid() == 0 else 0o700)
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def pg18(cluster_home: Path) -> Iterator[Cluster]:
    """Return a running cluster of the embedded PostgreSQL 18."""
    yield from _running(cluster_home, "pg18")


@pytest.fixture(scope="session")
def pg15(cluster_home: Path) -> Iterator[Cluster]:
    """Return a running cluster of Debian's PostgreSQL 15; skip where it is missing."""
    yield from _running(cluster_home, "pg15")


@pytest.fixture(scope="session", params=servers.SERVERS)
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Return each available server's cluster in turn."""
    return cast("Cluster", request.getfixturevalue(request.param))


@pytest.fixture(scope="session")
def pg18_template(pg18: Cluster) -> Database:
    """Return the deployed template database on PostgreSQL 18; never connect to it."""
    return create_template(pg18)


@pytest.fixture(scope="session")
def pg15_template(pg15: Cluster) -> Database:
    """Return the deployed template database on PostgreSQL 15; never connect to it."""
    return create_template(pg15)


@pytest.fixture(scope="session", params=servers.SERVERS)
def template(request: pytest.FixtureRequest) -> Database:
    """Return each available server's template in turn."""
    return cast("Database", request.getfixturevalue(f"{request.param}_template"))


@pytest.fixture
def database(template: Database) -> Iterator[Database]:
    """Return a fresh deployed database, on each available server in turn."""
    with cloned(template) as clone:
        yield clone


@pytest.fixture
def pg18_database(pg18_template: Database) -> Iterator[Database]:
    """Return a fresh deployed database on PostgreSQL 18 only."""
    with cloned(pg18_template) as clone:
        yield clone


@pytest.fixture
def make_database(template: Database) -> Iterator[Callable[[], Database]]:
    """Return a function that makes one more fresh database at each call."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(cloned(template))


def _running(home: Path, server: str) -> Iterator[Cluster]:
    if reason := servers.missing(server):
        pytest.skip(reason)
    cluster = servers.make_cluster(home / server, server)
    cluster.start()
    yield cluster
    cluster.stop("immediate")
