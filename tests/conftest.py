"""Clusters and databases for every suite: one cluster per server, one clone per test."""

import functools
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import servers
from tests.support.database import Database, cloned, create_template
from tollhouse_demo.embedded import Cluster


def pytest_configure() -> None:
    """Restore SIGINT: a shell's background process ignores it, and so would every child."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    """Name the servers that the run uses."""
    return f"database servers: {', '.join(servers.SERVERS)}"


@pytest.fixture(scope="session")
def cluster_home() -> Iterator[Path]:
    """Return a folder for clusters that last only for this test run."""
    home = servers.new_home()
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def durable_home() -> Iterator[Path]:
    """Return a folder on disk for clusters that are killed and restarted."""
    home = servers.new_home(durable=True)
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def running(cluster_home: Path) -> Iterator[Callable[[str], Cluster]]:
    """Return a function that gives a server's one cluster; it skips where the server is missing."""
    with ExitStack() as stack:

        @functools.cache
        def start(server: str) -> Cluster:
            if reason := servers.missing(server):
                pytest.skip(reason)
            cluster = servers.GIVEN or servers.make_cluster(cluster_home / server, server)
            cluster.start()
            stack.callback(cluster.stop, "immediate")
            return cluster

        yield start


@pytest.fixture(scope="session")
def deployed(running: Callable[[str], Cluster]) -> Callable[[str], Database]:
    """Return a function that gives a server's deployed template; never connect to that."""
    return functools.cache(lambda server: create_template(running(server)))


@pytest.fixture(scope="session")
def pg18(running: Callable[[str], Cluster]) -> Cluster:
    """Return a running cluster of the embedded PostgreSQL 18."""
    return running("pg18")


@pytest.fixture(scope="session", params=servers.SERVERS)
def cluster(request: pytest.FixtureRequest, running: Callable[[str], Cluster]) -> Cluster:
    """Return each available server's cluster in turn."""
    return running(request.param)


@pytest.fixture(scope="session")
def pg18_template(deployed: Callable[[str], Database]) -> Database:
    """Return the deployed template database on PostgreSQL 18; never connect to it."""
    return deployed("pg18")


@pytest.fixture(scope="session")
def pg15_template(deployed: Callable[[str], Database]) -> Database:
    """Return the deployed template database on PostgreSQL 15; never connect to it."""
    return deployed("pg15")


@pytest.fixture(scope="session", params=servers.SERVERS)
def template(request: pytest.FixtureRequest, deployed: Callable[[str], Database]) -> Database:
    """Return each available server's template in turn."""
    return deployed(request.param)


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
