"""One installation for all end-to-end tests: each has tenants of its own in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.external import external_stack
from tests.support.probe import REPORT, probe_of, pytest_runtest_makereport
from tests.support.servers import missing
from tests.support.town import Town
from tests.support.watching import tenant_for, watched
from tollhouse_demo.stack import Stack

__all__ = ["open_town", "pytest_runtest_makereport"]

# No test waits for them: where one is over, the test says so in the database.
COOLDOWN = "1 hour"
LEASE = "10 minutes"
TIMEOUT_MS = 3_600_000


def open_town(directory: Path) -> Iterator[Town]:
    """Yield a town of its own, with two workers and the endpoints that the tests use."""
    if reason := missing("pg18"):
        pytest.skip(reason)
    environ = {"TOLLHOUSE_POLL_SECONDS": "0.2"}
    yield from _opened(Stack(directory, workers=2, lease=LEASE, worker_environ=environ))


def _opened(installation: Stack) -> Iterator[Town]:
    with installation as stack:
        town = Town(stack)
        try:
            _register(town)
            yield town
        finally:
            town.close()


def _register(town: Town) -> None:
    for provider, min_calls in (("mock-a", 10_000), ("mock-b", 6)):
        town.operate(
            "set_provider",
            provider,
            p_failure_threshold=3,
            p_cooldown=COOLDOWN,
            p_window_min_calls=min_calls,
        )
    # Nothing is shared, nothing is tried again: what happens to a call happens once.
    once = {"p_max_attempts": 1, "p_cache_ttl": "0", "p_timeout_ms": TIMEOUT_MS}
    town.operate("set_task_type", "once", p_models=["mock-small"], **once)
    town.operate("set_task_type", "reserve", p_models=["mock-reserve"], **once)
    town.operate(
        "set_task_type",
        "hasty",
        p_models=["mock-small"],
        p_timeout_ms=TIMEOUT_MS,
        p_backoff_ms=50,
        p_cache_ttl="0",
    )
    # One micro-USD per output token and nothing else: a call reserves exactly 100.
    town.operate("set_model", "round", "mock-a", "mock-small")
    town.operate("set_price", "round", "input", 0)
    town.operate("set_price", "round", "output", 1_000_000)
    town.operate("set_task_type", "round", p_models=["round"], p_max_output_tokens=100, **once)


@pytest.fixture(scope="session")
def town(cluster_home: Path) -> Iterator[Town]:
    """Return the installation: the one that the environment selects, else one of our own."""
    external = external_stack()
    yield from _opened(external) if external else open_town(cluster_home / "e2e")


@pytest.fixture
def tenant(request: pytest.FixtureRequest) -> str:
    """Return a tenant of the test's own."""
    return tenant_for(request.node.name)


@pytest.fixture(autouse=True)
def watch(request: pytest.FixtureRequest, town: Town, tenant: str) -> Iterator[None]:
    """Count the invariants after each test."""
    with watched(request, town, tenant):
        yield


@pytest.fixture(scope="session", autouse=True)
def write_probe(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave the notes of the process behind; where all passed, its proofs must be in them."""
    yield
    probe = probe_of(request.config)
    probe.write()
    if probe.tests and not request.session.testsfailed:
        assert set() == probe.unseen(item for item in request.session.items if REPORT in item.stash)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
