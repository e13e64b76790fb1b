"""Workers killed, stopped and paused in the middle of a batch: nothing lost, nothing twice.

What must hold after each test (one ledger row a request, bill and attempts equal, budgets equal to
their attempts, nothing reserved) is in tests/support/invariants.py.
"""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.chaos.conftest import worker_id
from tests.chaos.load import batch_held, finished, hold, in_the_middle
from tests.support import leases
from tests.support.town import Town, paused
from tests.support.waiting import until
from tollhouse_demo.processes import is_ready, worker_url

CALLS, FREE = 300, 100


def given_up(town: Town, identity: object) -> None:
    """Let a worker's lease be over; whoever comes first takes all its calls from it."""
    leases.end(town, identity)
    held = "select count(*) from tollhouse_private.jobs where worker_id = %s"
    for _ in range(20):
        town.value("select tollhouse_worker.reap()", login="worker")
        if not town.value(held, identity):
            return
        time.sleep(0.1)
    raise AssertionError("a dead worker keeps its calls")


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
    calls = batch_held(ann, CALLS, FREE)
    victim = town.stack.workers[0]
    identity = worker_id(town, victim)
    in_the_middle(town, tenant, FREE, identity)

    town.stack.kill_worker(victim)
    town.mock.clear_faults()
    given_up(town, identity)

    for call in calls:
        assert "success" == ann.wait(call)["status"]
    assert CALLS == finished(town, tenant)
    seen = outcomes(town, tenant)
    assert CALLS == seen["success"]
    assert 0 < seen["abandoned"] <= 24
    assert {"success", "abandoned"} == set(seen)


def test_asked_to_stop(town: Town, tenant: str) -> None:
    """SIGTERM: it finishes what it has begun, records it, and leaves nothing behind."""
    ann = town.person(tenant)
    leaving = town.stack.workers[0]
    identity, url = worker_id(town, leaving), worker_url(leaving)
    assert url
    calls = batch_held(ann, CALLS, FREE)
    in_the_middle(town, tenant, FREE, identity)

    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(town.stack.stop_worker, leaving)
        until(lambda: not is_ready(url), "it has heard of it")
        town.mock.clear_faults()
        assert 0 == stopping.result()

    query = "select count(*) from tollhouse_private.workers where worker_id = %s"
    assert 0 == town.value(query, identity)
    query = "select count(*) from tollhouse_private.jobs where worker_id = %s"
    assert 0 == town.value(query, identity)
    for call in calls:
        assert "success" == ann.wait(call)["status"]
    assert {"success": CALLS} == outcomes(town, tenant)
    assert {1} == {row["attempts"] for row in town.ledger(tenant)}


def test_paused_beyond_its_lease(town: Town, tenant: str) -> None:
    """SIGSTOP, then SIGCONT: it is fenced, and what it brings is booked once, as late."""
    ann = town.person(tenant)
    first = town.stack.workers[0]
    identity = worker_id(town, first)
    calls = batch_held(ann, CALLS, FREE)
    in_the_middle(town, tenant, FREE, identity)

    with paused(first):
        given_up(town, identity)
        town.mock.clear_faults()
        hold(ann)
        again = (
            "select call_id from tollhouse_private.jobs where tenant_id = %s"
            " and state = 'running' and attempts = 2 and worker_id <> %s"
        )
        elsewhere = until(
            lambda: town.rows(again, tenant, identity), "the other one makes them again"
        )

    gone = f'"deregistered", "worker_id": "{identity}"'
    until(lambda: gone in first.output, "it has told what came of its calls")
    still = town.rows(again, tenant, identity)
    assert all(call in still for call in elsewhere), "what the other one makes is not its own"
    query = (
        "select count(*) from tollhouse_private.provider_attempts"
        " where worker_id = %s and outcome = 'abandoned'"
    )
    abandoned = town.value(query, identity)
    late = "select count(*) from tollhouse_private.provider_attempts where worker_id = %s and late"
    assert abandoned == town.value(late, identity), "its results came after all"
    town.mock.clear_faults()
    for call in calls:
        assert "success" == ann.wait(call)["status"]
    seen = outcomes(town, tenant)
    assert {"success": CALLS, "abandoned": abandoned, "late": abandoned} == seen
    assert identity != worker_id(town, first), "it goes on under a new id"
    assert "success" == ann.ask("load", "Are you back?")["status"]
