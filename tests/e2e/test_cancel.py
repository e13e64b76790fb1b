"""A client cancels its calls, wherever they are."""

from datetime import timedelta
from uuid import uuid4

from tests.support.town import Town
from tests.support.waiting import HELD, until


def test_in_flight(town: Town, tenant: str) -> None:
    """The worker hangs up at once; since the provider may bill it, the call stays charged."""
    ann = town.person(tenant)
    town.mock.fault(HELD, contains=ann.tag)
    call = ann.enqueue("once", f"{ann.tag} Why?")
    ann.is_at_the_provider(call)

    assert "running" == ann.cancel(call)

    assert "cancelled" == ann.wait(call)["status"]
    (line,) = town.bill(call)
    assert line.finished_at is None, "the worker did not wait for the provider"
    assert ["cancelled"] == [attempt["outcome"] for attempt in town.attempts(call)]
    row = town.entry(call)
    assert (True, "reservation") == (row["provider_attempted"], row["cost_basis"])
    assert row["cost_micro_usd"] > 0


def test_before_it_is_claimed(town: Town, tenant: str) -> None:
    """It never goes out, and nothing is left of it that could."""
    ann = town.person(tenant)
    run_at = town.database_time() + timedelta(hours=1)
    call = ann.enqueue("once", "Why?", run_at=run_at)
    assert "cancelled" == ann.cancel(call)
    assert "cancelled" == ann.cancel(call)
    query = "select count(*) from tollhouse_private.jobs where tenant_id = %s"
    assert 0 == town.value(query, tenant)
    assert "success" == ann.ask("once", "What comes after it?")["status"]
    assert ([], []) == (town.attempts(call), town.bill(call))
    assert not town.entry(call)["provider_attempted"]


def test_between_two_attempts(town: Town, tenant: str) -> None:
    """A call that waits for its retry is over at once, and keeps what it has cost."""
    ann = town.person(tenant)
    town.mock.fault({"status": 429, "retry_after_s": 3600}, contains=ann.tag)
    call = ann.enqueue("hasty", f"{ann.tag} Why?")
    until(lambda: town.attempts(call), "the first attempt is over")
    assert "cancelled" == ann.cancel(call)
    row = town.entry(call)
    assert (True, 1) == (row["provider_attempted"], row["attempts"])


def test_when_it_is_over(town: Town, tenant: str) -> None:
    """Nothing changes; a call that does not exist has no status."""
    ann = town.person(tenant)
    call = ann.enqueue("once", "Why?")
    ann.wait(call)
    assert "success" == ann.cancel(call)
    assert 1 == len(town.ledger(tenant))
    assert ann.cancel({"call_id": uuid4()}) is None


def test_the_one_that_pays_for_others(town: Town, tenant: str) -> None:
    """Calls that wait for its answer are not lost with it: the next of them pays."""
    ann = town.person(tenant)
    town.mock.fault(HELD, times=1, contains=ann.tag)
    leader = ann.enqueue("explanation", f"{ann.tag} Why?")
    ann.is_at_the_provider(leader)
    followers = [ann.enqueue("explanation", f"{ann.tag} Why?") for _ in range(3)]
    query = "select count(*) = 3 from tollhouse_private.jobs where state = 'coalesced'"
    until(lambda: town.value(query), "they wait")

    assert "running" == ann.cancel(leader)

    assert "cancelled" == ann.wait(leader)["status"]
    assert ["success"] * 3 == [ann.wait(call)["status"] for call in followers]
    assert [0, 0, 1] == sorted(len(town.bill(call)) for call in followers)
