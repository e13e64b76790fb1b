"""Calls that wait for a time or for a rate limit go out later, and are never lost."""

from datetime import timedelta

from tests.support.town import Town


def test_run_at(town: Town, tenant: str) -> None:
    """Not before its time, and then before what is due later."""
    ann = town.person(tenant)
    an_hour = town.database_time() + timedelta(hours=1)
    later, call = (ann.enqueue("once", f"Why {n}?", run_at=an_hour) for n in range(2))
    assert ("scheduled", "scheduled") == (later["status"], call["status"])
    soon = town.value(
        "update tollhouse_private.jobs set run_at = now() + interval '0.8 seconds'"
        " where call_id = %s returning run_at",
        call["call_id"],
    )

    assert "success" == ann.wait(call)["status"]

    (attempt,) = town.attempts(call)
    assert soon <= attempt["started_at"]
    assert [] == town.attempts(later)
    town.make_due(later)
    assert "success" == ann.wait(later)["status"]


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
