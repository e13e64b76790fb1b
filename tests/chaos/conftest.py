"""One durable installation whose processes are killed, paused and restarted under load."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import leases
from tests.support.probe import probe_of, pytest_runtest_makereport
from tests.support.servers import missing
from tests.support.town import Town
from tests.support.waiting import until
from tests.support.watching import tenant_for, watched
from tollhouse_demo.processes import ChildProcess
from tollhouse_demo.stack import Stack

__all__ = ["open_town", "pytest_runtest_makereport"]

LATENCY_MS = 300
WHOLE = {"p_timeout_ms": 3_600_000, "p_backoff_ms": 0, "p_cache_ttl": "0"}
WORKERS = 2


def open_town(directory: Path) -> Iterator[Town]:
    """Yield a town of its own, with fsync on, since the server itself is killed."""
    if reason := missing("pg18"):
        pytest.skip(reason)
    environ = {"TOLLHOUSE_CONCURRENCY": "24", "TOLLHOUSE_POLL_SECONDS": "0.2"}
    with Stack(
        directory,
        durable=True,
        workers=0,
        worker_environ=environ,
        latency_ms=LATENCY_MS,
    ) as stack:
        town = Town(stack)
        try:
            assert "on" == town.value("show fsync")
            leases.lengthen(town)
            # What happens to our own processes says nothing about the provider.
            for provider in ("mock-a", "mock-b"):
                town.operate(
                    "set_provider", provider, p_failure_threshold=1000, p_window_min_calls=10_000
                )
            town.operate("set_task_type", "load", p_models=["mock-small"], **WHOLE)
            yield town
        finally:
            town.close()


def all_working(town: Town) -> None:
    """Have all workers running."""
    while len(town.stack.workers) < WORKERS:
        town.stack.start_worker()


@pytest.fixture(scope="session")
def town(durable_home: Path) -> Iterator[Town]:
    """Return the installation."""
    yield from open_town(durable_home / "chaos")


@pytest.fixture
def tenant(request: pytest.FixtureRequest) -> str:
    """Return a tenant of the test's own."""
    return tenant_for(request.node.name)


@pytest.fixture(autouse=True)
def watch(request: pytest.FixtureRequest, town: Town, tenant: str) -> Iterator[None]:
    """Have all workers running before each test; count the invariants after it."""
    all_working(town)
    with watched(request, town, tenant):
        yield


@pytest.fixture(scope="session", autouse=True)
def write_probe(pytestconfig: pytest.Config) -> Iterator[None]:
    """Leave the notes of the session behind."""
    yield
    probe_of(pytestconfig).write()


def worker_id(town: Town, worker: ChildProcess) -> object:
    """Return the id under which a worker process is registered now."""
    query = (
        "select worker_id from tollhouse_private.workers where name like %s"
        " and alive_until > now() order by started_at desc limit 1"
    )
    (row,) = until(lambda: town.rows(query, f"%:{worker.pid}"), "the worker is registered")
    return row["worker_id"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.chaos)
