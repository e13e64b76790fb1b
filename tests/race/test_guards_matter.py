"""Races turn red without what they are about; on one server, as the guards are the same on all."""

from collections.abc import Awaitable, Callable, Iterator

import pytest
from psycopg.errors import CheckViolation

from tests.race import test_budget, test_claim
from tests.race.scene import Scene
from tests.support.database import Database, cloned
from tests.support.guards import Edit, disabled, private
from tests.support.servers import SERVERS

pytestmark = pytest.mark.race

# guard: how it is disabled, and the race that must turn red
GUARDS: dict[str, tuple[list[Edit], Callable[[Scene], Awaitable[None]]]] = {
    "tenants share a claim": (
        [private("pick", "ceil(p_limit::numeric / cardinality(v_tenants))::integer", "p_limit")],
        test_claim.test_a_long_queue_does_not_starve_a_short_one,
    ),
    "a budget is locked before it is read": (
        [private("guard_budget", "    for update\n", "")],
        lambda scene: test_budget.test_a_cap_that_fits_ten_calls_admits_exactly_ten(scene, 40, 1),
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
    with disabled(scene, edits), pytest.raises((AssertionError, CheckViolation)):
        await race(scene)
