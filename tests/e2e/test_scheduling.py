"""Calls that wait for a time or for a rate limit go out later, and are never lost."""

from datetime import timedelta

from tests.support.town import Town


def test_run_at(town: Town, tenant: str) -> None:
    """Not before its time, and soon after it."""
    ann = town.person(tenant)
    run_at = town.database_time() + timedelta(seconds=0.8)
    call = ann.enqueue("once", "Why?", run_at=run_at)
    assert "scheduled" == call["status"]

    assert "success" == ann.wait(call)["status"]

    (attempt,) = town.attempts(call)
    assert run_at <= attempt["started_at"] < run_at + timedelta(seconds=2)


def test_a_limit_of_calls_in_flight(town: Town, tenant: str) -> None:
    """The provider never sees more than two at once, and sees every one."""
    town.operate("set_rate_limit", "tenant", tenant, None, None, 2)
    ann = town.person(tenant)
    town.mock.fault({"delay_ms": 100}, contains=ann.tag)

    calls = ann.enqueue_many(
        [{"endpoint": "once", "request": {"prompt": f"{ann.tag} {n}"}} for n in range(9)]
    )

    assert {"success"} == {ann.wait(call)["status"] for call in calls}
    lines = [line for call in calls for line in town.bill(call)]
    assert 9 == len(lines)
    for line in lines:
        at_once = [x for x in lines if x.received_at <= line.received_at < (x.finished_at or 0)]
        assert len(at_once) <= 2
    town.operate("drop_rate_limit", "tenant", tenant)


def test_a_limit_of_calls_a_minute(town: Town, tenant: str) -> None:
    """The bucket lets sixty pass at once, then one a second."""
    town.operate("set_rate_limit", "tenant", tenant, 60, None, None)
    ann = town.person(tenant)

    calls = ann.enqueue_many(
        [{"endpoint": "once", "request": {"prompt": f"{ann.tag} {n}"}} for n in range(62)]
    )

    assert {"success"} == {ann.wait(call)["status"] for call in calls}
    received = sorted(line.received_at for call in calls for line in town.bill(call))
    assert 62 == len(received)
    assert received[60] - received[0] > 0.6
    assert received[61] - received[0] > 1.6
    town.operate("drop_rate_limit", "tenant", tenant)
