"""One installation for the incidents that leave it whole; the others make their own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import leases
from tests.support.ops import TENANT, USER, register, start_worker
from tests.support.servers import missing
from tests.support.town import Person, Town
from tollhouse_demo.stack import Stack


@pytest.fixture(scope="session")
def installation(cluster_home: Path) -> Iterator[Town]:
    """Yield an installation with what the runbooks name, and no worker yet."""
    if reason := missing("pg18"):
        pytest.skip(reason)
    environ = {"TOLLHOUSE_POLL_SECONDS": "0.2"}
    with Stack(cluster_home / "runbooks", workers=0, worker_environ=environ) as stack:
        town = Town(stack)
        leases.lengthen(town)
        register(town)
        yield town
        town.close()


@pytest.fixture
def town(installation: Town) -> Iterator[Town]:
    """Return the installation with one worker, all guards at rest."""
    if not installation.stack.workers:
        start_worker(installation)
    yield installation
    installation.mock.clear_faults()
    installation.mock.set_latency(0)
    for switch in installation.rows("select scope, target, tenant_id from tollhouse.kill_switches"):
        installation.operate(
            "lift_kill_switch", switch["scope"], switch["target"], p_tenant_id=switch["tenant_id"]
        )
    for breaker in installation.rows("select tenant_id, user_id, provider from tollhouse.breakers"):
        installation.operate(
            "close_breaker",
            breaker["provider"],
            p_tenant_id=breaker["tenant_id"],
            p_user_id=breaker["user_id"],
        )
    installation.operate("close_breaker", "openai")
    installation.operate("set_hourly_threshold", TENANT, "", None)
    installation.operate("lift_shutoff", TENANT, "")
    installation.operate("set_monthly_cap", TENANT, USER, None)
    installation.operate("forget_overrun", "small")
    installation.operate("set_task_type", "explanation", p_models=["small"])


@pytest.fixture
def own_town(cluster_home: Path, request: pytest.FixtureRequest) -> Iterator[Town]:
    """Yield an installation of the test's own, which it may ruin, with one worker."""
    if reason := missing("pg18"):
        pytest.skip(reason)
    directory = cluster_home / request.node.name
    environ = {"TOLLHOUSE_POLL_SECONDS": "0.2"}
    with Stack(directory, workers=0, worker_environ=environ) as stack:
        town = Town(stack)
        leases.lengthen(town)
        register(town)
        start_worker(town)
        yield town
        town.close()


@pytest.fixture
def ann(town: Town) -> Person:
    """Return the user whom the runbooks name."""
    return town.person(TENANT, USER)


@pytest.fixture
def desk() -> Iterator[Path]:
    """Return the folder that a reader's terminal is in; the server's account may enter it."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed, which the runbooks ask workers with")
    folder = Path(tempfile.mkdtemp(prefix="tollhouse-desk-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
