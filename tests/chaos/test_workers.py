"""Workers killed, stopped and paused in the middle of a batch: nothing lost, nothing twice.

What must hold after each test (one ledger row a request, bill and attempts equal, budgets equal to
their attempts, nothing reserved) is in tests/support/invariants.py.
"""

from tests.chaos.conftest import paused, worker_id
from tests.chaos.load import batch, finished, in_the_middle
from tests.support.town import Town
from tests.support.waiting import until

CALLS = 300


def outcomes(town: Town, tenant: str) -> dict[str, int]:
    """Return how often each outcome is on record, late ones apart."""
    rows = town.rows(
        "select case when late then 'late' else outcome end as outcome, count(*)"
        " from tollhouse_private.provider_attempts where tenant_id = %s group by 1",
        tenant,
    )
    return {row["outcome"]: row["count"] for row in rows}


def test_killed(town: Town, tenant: str) -> None:
    """kill -9: its calls are charged, and made again by the other one."""
    ann = town.person(tenant)
    calls = batch(ann, CALLS)
    victim = town.stack.workers[0]
    in_the_middle(town, tenant, 60, worker_id(town, victim))

    town.stack.kill_worker(victim)

    for call in calls:
        assert "success" == ann.wait(call, seconds=30)["status"]
    assert CALLS == finished(town, tenant)
    seen = outcomes(town, tenant)
    assert CALLS == seen["success"]
    assert 0 < seen["abandoned"] <= 24
    assert {"success", "abandoned"} == set(seen)


def test_asked_to_stop(town: Town, tenant: str) -> None:
    """SIGTERM: it finishes what it has begun, records it, and leaves nothing behind."""
    ann = town.person(tenant)
    calls = batch(ann, CALLS)
    in_the_middle(town, tenant, 60)

    leaving = town.stack.workers[0]
    identity = worker_id(town, leaving)
    assert 0 == town.stack.stop_worker(leaving)

    query = "select count(*) from tollhouse_private.workers where worker_id = %s"
    assert 0 == town.value(query, identity)
    query = "select count(*) from tollhouse_private.jobs where worker_id = %s"
    assert 0 == town.value(query, identity)
    for call in calls:
        assert "success" == ann.wait(call, seconds=30)["status"]
    assert {"success": CALLS} == outcomes(town, tenant)
    assert {1} == {row["attempts"] for row in town.ledger(tenant)}


def test_paused_beyond_its_lease(town: Town, tenant: str) -> None:
    """SIGSTOP, then SIGCONT: it is fenced, and what it brings is booked once, as late."""
    ann = town.person(tenant)
    first = town.stack.workers[0]
    identity = worker_id(town, first)
    calls = batch(ann, CALLS)
    in_the_middle(town, tenant, 60, identity)

    with paused(first):
        query = (
            "select count(*) from tollhouse_private.provider_attempts"
            " where worker_id = %s and outcome = 'abandoned'"
        )
        until(lambda: town.value(query, identity), "its calls were given up")
        again = (
            "select count(*) from tollhouse_private.jobs where tenant_id = %s"
            " and state = 'running' and attempts = 2 and worker_id <> %s"
        )
        until(lambda: town.value(again, tenant, identity), "the other one makes them again")

    for call in calls:
        assert "success" == ann.wait(call, seconds=30)["status"]
    abandoned = town.value(query, identity)
    late = "select count(*) from tollhouse_private.provider_attempts where worker_id = %s and late"
    until(lambda: town.value(late, identity) == abandoned, "its results came after all")
    seen = outcomes(town, tenant)
    assert {"success": CALLS, "abandoned": abandoned, "late": abandoned} == seen
    assert identity != worker_id(town, first), "it goes on under a new id"
    assert "success" == ann.ask("load", "Are you back?")["status"]
