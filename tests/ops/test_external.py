"""An installation that somebody else runs is asked, and never stopped."""

from collections.abc import Callable

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.database import Database
from tests.support.external import ExternalStack, external_stack

ENVIRON = {f"TOLLHOUSE_E2E_{name}_URL": f"dbname={name}" for name in ("APP", "OPERATOR")} | {
    "TOLLHOUSE_E2E_DATABASE_URL": "dbname=all",
    "TOLLHOUSE_E2E_AUDITOR_URL": "dbname=AUDITOR",
    "TOLLHOUSE_E2E_MONITOR_URL": "dbname=MONITOR",
    "TOLLHOUSE_E2E_WORKER_URL": "dbname=WORKER",
    "TOLLHOUSE_E2E_WORKER_HTTP": "http://127.0.0.1:1",
    "TOLLHOUSE_E2E_MOCK_URL": "http://127.0.0.1:2",
}


def test_environment_selects_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the superuser's URL the tests run an installation of their own."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    selected = external_stack()
    assert selected is not None
    assert "dbname=WORKER" == selected.url("worker")
    assert "http://127.0.0.1:2/v1" == selected.mock.base_url
    monkeypatch.delenv("TOLLHOUSE_E2E_DATABASE_URL")
    assert external_stack() is None


@pytest.mark.parametrize(
    "act",
    [
        lambda stack: stack.start_worker(),
        lambda stack: stack.kill_worker(),
        lambda stack: stack.stop_worker(),
        lambda stack: stack.cluster,
        lambda stack: stack.workers,
        lambda stack: stack.logs,
    ],
)
def test_its_processes_are_not_ours(act: Callable[[ExternalStack], object]) -> None:
    """Who would start, stop or kill one is skipped, with a reason."""
    with pytest.raises(pytest.skip.Exception, match="not the test's own"):
        act(ExternalStack(ENVIRON))


def test_logins_can_be_added(pg18_database: Database) -> None:
    """One more login of the same server, which can connect."""
    stack = ExternalStack(ENVIRON | {"TOLLHOUSE_E2E_DATABASE_URL": pg18_database.url()})
    stack.add_login("external_test")
    with stack.connect("external_test") as connection:
        (login,) = connection.execute("select session_user").fetchone() or ("",)
    assert "external_test" == login == conninfo_to_dict(stack.url("external_test"))["user"]
    pg18_database.rows("drop role external_test")
