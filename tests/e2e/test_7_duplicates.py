"""Proof 7: however often one request is delivered, it is one call, one row, one attempt."""

from threading import Barrier

import psycopg
import pytest

from tests.support.town import Row, Town
from tests.support.waiting import together

DELIVERIES = 100


def test_a_hundred_concurrent_deliveries_are_one_call(town: Town, tenant: str) -> None:
    """From a hundred connections at once: one row, one attempt, one line on the bill."""
    ann = town.person(tenant)

    def deliver(_: int, barrier: Barrier) -> Row:
        with town.connect() as connection:
            barrier.wait()
            return ann.enqueue("once", "deliver me", "the-same-id", connection=connection)

    calls = together(DELIVERIES, deliver)

    assert 1 == len({call["call_id"] for call in calls})
    assert DELIVERIES - 1 == sum(call["deduplicated"] for call in calls)
    assert "success" == ann.wait(calls[0])["status"]
    assert 1 == len(town.ledger(tenant))
    assert ["success"] == [attempt["outcome"] for attempt in town.attempts(calls[0])]
    assert 1 == len(town.bill(calls[0]))


def test_a_later_delivery_gets_the_same_call(town: Town, tenant: str) -> None:
    """With its outcome, and nothing new is written."""
    ann = town.person(tenant)
    first = ann.enqueue("once", "deliver me", "r1")
    ann.wait(first)

    again = ann.enqueue("once", "deliver me", "r1")

    assert (first["call_id"], "success", True) == (
        again["call_id"],
        again["status"],
        again["deduplicated"],
    )
    assert 1 == len(town.ledger(tenant))
    assert 1 == len(town.bill(first))


def test_the_same_id_for_something_else_is_a_misuse(town: Town, tenant: str) -> None:
    """Another question may not take an id of the same user; everybody else's ids are their own."""
    ann, ben = town.person(tenant), town.person(tenant, "ben")
    ann.ask("once", "deliver me", request_id="r1")
    with pytest.raises(psycopg.Error) as caught:
        ann.enqueue("once", "something else", "r1")
    assert "TH107" == caught.value.sqlstate
    assert "success" == ben.ask("once", "deliver him", request_id="r1")["status"]
    assert "success" == ann.ask("explanation", "another endpoint", request_id="r1")["status"]
    assert "success" == town.person(f"{tenant}.other").ask("once", "x", request_id="r1")["status"]
