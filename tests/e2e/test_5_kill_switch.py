"""Proof 5: a kill switch blocks without an attempt, at once, and aborts what is in flight."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.support.town import Person, Row, Town
from tests.support.waiting import HELD

SCOPES = ["global", "provider", "model", "endpoint", "tenant", "user"]
TARGETS = {"provider": "mock-b", "model": "mock-reserve", "endpoint": "reserve"}


@contextmanager
def pulled(person: Person, scope: str) -> Iterator[None]:
    """Pull a switch that stops this person's calls; lift it in the end."""
    town = person.town
    target = TARGETS.get(scope, person.tenant)
    if scope == "global":
        town.operate("stop_everything")
    elif scope == "user":
        town.operate("pull_kill_switch", "user", person.user, p_tenant_id=person.tenant)
    else:
        town.operate("pull_kill_switch", scope, target)
    try:
        yield
    finally:
        if scope == "global":
            assert town.operate("resume_everything")
        elif scope == "user":
            assert town.operate("lift_kill_switch", "user", person.user, p_tenant_id=person.tenant)
        else:
            assert town.operate("lift_kill_switch", scope, target)


def refused(person: Person, call: Row) -> None:
    """Assert that a call was blocked by a switch, unattempted."""
    result = person.wait(call)
    assert ("blocked", "provider_kill_switch") == (result["status"], result["blocked_reason"])
    assert not person.town.entry(call)["provider_attempted"]
    assert ([], []) == (person.town.attempts(call), person.town.bill(call))


@pytest.mark.parametrize("scope", SCOPES)
def test_every_scope_blocks_until_it_is_lifted(town: Town, tenant: str, scope: str) -> None:
    """New calls within enqueue, waiting calls at their claim; no process is restarted."""
    ann = town.person(tenant)
    an_hour = town.database_time() + timedelta(hours=1)
    waiting = ann.enqueue("reserve", f"{ann.tag} in an hour", run_at=an_hour)
    assert "scheduled" == waiting["status"]

    with pulled(ann, scope):
        call = ann.enqueue("reserve", f"{ann.tag} now")
        assert ("blocked", "provider_kill_switch") == (call["status"], call["blocked_reason"])
        refused(ann, call)
        town.make_due(waiting)
        refused(ann, waiting)

    assert "success" == ann.ask("reserve", f"{ann.tag} afterwards")["status"]


@pytest.mark.parametrize("scope", ["endpoint", "tenant", "user"])
def test_what_it_does_not_match_goes_on(town: Town, tenant: str, scope: str) -> None:
    """Somebody else's calls, or those of another endpoint, are not its business."""
    ann, other = town.person(tenant), town.person(f"{tenant}.other")
    ben = town.person(tenant, "ben")
    with pulled(ann, scope):
        assert "success" == other.ask("once", f"{other.tag} now")["status"]
        if scope != "tenant":
            assert "success" == ben.ask("once", f"{ben.tag} now")["status"]


@pytest.mark.parametrize("scope", SCOPES)
def test_calls_in_flight_are_aborted_and_say_so(town: Town, tenant: str, scope: str) -> None:
    """The worker hangs up at once; since the provider may bill it, the call stays charged."""
    ann = town.person(tenant)
    town.mock.fault(HELD, contains=ann.tag)
    calls = [ann.enqueue("reserve", f"{ann.tag} {number}") for number in range(3)]
    for call in calls:
        ann.is_at_the_provider(call)

    with pulled(ann, scope):
        results = [ann.wait(call) for call in calls]

    assert [("blocked", "provider_kill_switch")] * 3 == [
        (result["status"], result["blocked_reason"]) for result in results
    ]
    for call in calls:
        row = town.entry(call)
        assert (True, 1, "reservation") == (
            row["provider_attempted"],
            row["attempts"],
            row["cost_basis"],
        )
        assert row["cost_micro_usd"] > 0
        assert ["aborted"] == [attempt["outcome"] for attempt in town.attempts(call)]
        (line,) = town.bill(call)
        assert line.finished_at is None, "the worker did not wait for the provider"

    town.mock.clear_faults()
    assert "success" == ann.ask("reserve", f"{ann.tag} afterwards")["status"]
