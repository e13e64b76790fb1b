"""Each proof under load fails without what it rests on: in a town of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg.errors import CheckViolation, DeadlockDetected

from tests.chaos import test_cap, test_served, test_server, test_workers
from tests.chaos.conftest import all_working, open_town
from tests.support.guards import Edit, disabled, private
from tests.support.town import Town

Check = Callable[[Town, str], None]

RED = (AssertionError, ValueError, CheckViolation, DeadlockDetected)

# guard: how it is disabled, the proof that must turn red, what it then says
GUARDS: dict[str, tuple[list[Edit], Check, str]] = {
    "a dead worker's calls are taken from it": (
        [("tollhouse_worker.reap", "j.state = 'running'", "false")],
        test_workers.test_killed,
        "a dead worker keeps its calls",
    ),
    "the fence": (
        [
            ("tollhouse_worker.record", "and j.worker_id = p_worker_id", ""),
            ("tollhouse_worker.record", "and r.attempt = (h.job).attempts", ""),
        ],
        test_workers.test_paused_beyond_its_lease,
        "what the other one makes is not its own",
    ),
    "a budget is locked before it is read": (
        [
            private("guard_budget", "    for update\n", ""),
            ("constraint monthly_budgets monthly_budgets_reserved_check", "", ""),
        ],
        test_cap.test_exactly_ten,
        "10 ==|deadlock detected",
    ),
    "only what is spent refuses for good": (
        [
            private(
                "guard_budget",
                "bool_or(mb.spent_micro_usd + v_call.need > mb.cap_micro_usd) as never",
                "bool_or(mb.spent_micro_usd + mb.reserved_micro_usd + v_call.need"
                " > mb.cap_micro_usd) as never",
            )
        ],
        test_served.test_what_is_affordable,
        ">= 0.98",
    ),
    "what a model bills too much is reserved": (
        [private("overrun_of", "max(mo.factor)", "null::numeric")],
        test_served.test_what_is_billed_too_much,
        "<= 1.02",
    ),
    "the queue outlives a crash": (
        [("table jobs", "", "")],
        lambda town, tenant: test_server.test_server_goes_away(town, tenant, test_server.crash),
        "expected 1, got 0",
    ),
}


@pytest.fixture(scope="module")
def town(durable_home: Path) -> Iterator[Town]:
    """Return an installation that may be left in any state."""
    yield from open_town(durable_home / "chaos-guards")


@pytest.fixture(autouse=True)
def watch(town: Town) -> Iterator[None]:
    """Count nothing: what is broken on purpose breaks the invariants too."""
    all_working(town)
    yield
    all_working(town)
    town.mock.clear_faults()
    town.rows("delete from tollhouse_private.jobs")
    town.rows("update tollhouse_private.monthly_budgets set reserved_micro_usd = 0")
    town.settled()


@pytest.mark.parametrize("guard", GUARDS)
def test_proof_fails_without_its_guard(town: Town, tenant: str, guard: str) -> None:
    """It is red as long as the guard is disabled."""
    edits, check, said = GUARDS[guard]
    with disabled(town, edits), pytest.raises(RED, match=said):
        check(town, tenant)
