"""A worker that was given up comes back with calls that it never sent: their charge is undone."""

from uuid import uuid4

from psycopg.types.json import Jsonb

from tests.chaos.load import batch
from tests.support.town import Town


def test_handed_back_after_it_was_given_up(town: Town, tenant: str) -> None:
    """The reservation that was charged for it comes off budget and hour (see the invariants)."""
    while town.stack.workers:
        town.stack.stop_worker()
    ann = town.person(tenant)
    (call,) = batch(ann, 1)
    worker = uuid4()
    town.rows("select tollhouse_worker.register(%s, 'slow', 1, 'test')", worker, login="worker")
    (claimed,) = town.rows("select * from tollhouse_worker.claim(%s, 1)", worker, login="worker")
    town.rows(
        "update tollhouse_private.workers set alive_until = now() where worker_id = %s", worker
    )
    assert 1 == town.value("select tollhouse_worker.reap()", login="worker")

    result = {
        "tenant_id": claimed["tenant_id"],
        "call_id": str(claimed["call_id"]),
        "attempt": claimed["attempt"],
        "outcome": "not_sent",
    }
    query = "select late from tollhouse_worker.record(%s, %s)"
    assert 1 == town.value(query, worker, Jsonb([result]), login="worker")
    assert 0 == town.value(query, worker, Jsonb([result]), login="worker")

    given_up, late = town.attempts(call)
    assert 0 < given_up["cost_micro_usd"] == -late["cost_micro_usd"]
    town.stack.start_worker()
    assert "success" == ann.wait(call)["status"]
    (spent,) = ann.rows(
        "select spent_micro_usd from tollhouse.hourly_spend where user_id = %s", ann.user
    )
    assert spent["spent_micro_usd"] == town.attempts(call)[-1]["cost_micro_usd"]
