"""Races turn red without what they are about; on one server, as the guards are the same on all."""

from collections.abc import Awaitable, Callable, Iterator

import pytest
from psycopg.errors import CheckViolation, DeadlockDetected

from tests.race import test_budget, test_claim, test_coalescing, test_turns
from tests.race.scene import Scene
from tests.support.database import Database, cloned
from tests.support.guards import EVERYTHING, NOTHING, Edit, disabled, private
from tests.support.servers import SERVERS

pytestmark = pytest.mark.race

# guard: how it is disabled, and the race that must turn red
GUARDS: dict[str, tuple[list[Edit], Callable[[Scene], Awaitable[None]]]] = {
    "tenants share a claim": (
        [private("pick", "p_limit / v_count + (t.turn <= p_limit % v_count)::integer", "p_limit")],
        test_claim.test_a_long_queue_does_not_starve_a_short_one,
    ),
    "users share their tenant's part of a claim": (
        [private("pick", "s.calls / s.count + (u.turn <= s.calls % s.count)::integer", "s.calls")],
        lambda scene: test_turns.test_a_newcomer_without_a_limit(scene, 10, ("acme", "bea")),
    ),
    "who waits for room is called up": (
        [private("call_up", EVERYTHING, NOTHING)],
        lambda scene: test_turns.test_a_newcomer_under_a_limit(
            scene, (None, None, 4), "provider", ("globex", "gus")
        ),
    ),
    "a limit remembers whose turn it was": (
        [private("take_rate_limit", "(select t.tenant_id from turn", "(select '' from turn")],
        lambda scene: test_turns.test_a_newcomer_under_a_limit(
            scene, (60, None, None), "provider", ("globex", "gus")
        ),
    ),
    "a budget is locked before it is read": (
        [private("guard_budget", "    for update\n", "")],
        lambda scene: test_budget.test_a_cap_that_fits_ten_calls_admits_exactly_ten(scene, 40, 1),
    ),
    "a leader looks for the answer again": (
        [private("guard_coalescing", "as g;", "as g where false;")],
        test_coalescing.test_an_answer_that_lands_between_cache_check_and_flight,
    ),
    "a running leader is not lost": (
        [private("leader_is_lost", "and j.state = 'running'", "and false")],
        test_coalescing.test_a_running_leader_is_replaced_by_nobody,
    ),
    "a claim locks entries in the order of their keys": (
        [private("guard_coalescing", "is not null order by 1, 2, 3", "is not null")],
        test_coalescing.test_entries_are_locked_in_one_order,
    ),
    "an outcome locks entries in the order of their keys": (
        [private("store_answers", "order by 3, 4\n", "order by 3, 4 desc\n")],
        test_coalescing.test_entries_are_locked_in_one_order,
    ),
    "what looks after entries waits for none: a reap": (
        [private("wake_stranded", "update skip locked\n    ) as lost", "update\n    ) as lost")],
        test_coalescing.test_a_leader_that_is_being_claimed_keeps_its_entry,
    ),
    "what looks after entries waits for none: upkeep": (
        [("tollhouse_worker.prune", "c_answers for update skip locked", "c_answers for update")],
        test_coalescing.test_upkeep_leaves_an_entry_that_is_being_fetched_anew,
    ),
}


@pytest.fixture
def database(deployed: Callable[[str], Database]) -> Iterator[Database]:
    """Return a fresh deployed database, on the first server only."""
    with cloned(deployed(SERVERS[0])) as clone:
        yield clone


@pytest.mark.parametrize("guard", GUARDS)
async def test_race_fails_without_its_guard(scene: Scene, guard: str) -> None:
    """It is red as long as the guard is disabled."""
    edits, race = GUARDS[guard]
    with disabled(scene, edits), pytest.raises((AssertionError, CheckViolation, DeadlockDetected)):
        await race(scene)
