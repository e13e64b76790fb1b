"""Proof 6: an hourly shutoff blocks, seeded or by its threshold, until its time is over."""

from datetime import timedelta

import pytest

from tests.support.town import Person, Row, Town


def refused(person: Person, call: Row) -> None:
    """Assert that a call was blocked by a shutoff, unattempted."""
    result = person.wait(call)
    assert ("blocked", "hourly_shutoff") == (result["status"], result["blocked_reason"])
    assert not person.town.entry(call)["provider_attempted"]
    assert ([], []) == (person.town.attempts(call), person.town.bill(call))


def shutoff_of(town: Town, tenant: str) -> Row:
    """Return the tenant's only shutoff, as an auditor sees it."""
    (row,) = town.rows(
        "select * from tollhouse.hourly_shutoffs where tenant_id = %s", tenant, login="auditor"
    )
    return row


def told(person: Person, call: Row) -> str:
    """Return why a call was refused, in the words that its caller reads."""
    (row,) = person.rows(
        "select why from tollhouse.explain(%s, %s)", call["endpoint"], call["request_id"]
    )
    return str(row["why"])


def over(person: Person) -> None:
    """Let the tenant's only shutoff have reached its end."""
    (_,) = person.town.rows(
        "update tollhouse_private.hourly_shutoffs set disabled_until = clock_timestamp()"
        " where tenant_id = %s and disabled_until > clock_timestamp() returning tenant_id",
        person.tenant,
    )


@pytest.mark.parametrize("user", ["ann", ""])
def test_a_seeded_shutoff_blocks_until_its_time_is_over(town: Town, tenant: str, user: str) -> None:
    """Of one user, or of a whole tenant; new calls and waiting ones."""
    ann, ben = town.person(tenant), town.person(tenant, "ben")
    an_hour = town.database_time() + timedelta(hours=1)
    waiting = ann.enqueue("once", "in an hour", run_at=an_hour)
    town.operate("set_shutoff", tenant, user, an_hour)

    call = ann.enqueue("once", "now")
    assert ("blocked", "hourly_shutoff") == (call["status"], call["blocked_reason"])
    refused(ann, call)
    town.make_due(waiting)
    refused(ann, waiting)
    assert f"The {'user' if user else 'tenant'} is shut off until" in told(ann, ann.wait(call))
    assert (1 if user else 0) == len(ann.rows("select from tollhouse.hourly_shutoffs"))
    if user:
        assert "success" == ben.ask("once", "now")["status"]
    else:
        refused(ben, ben.enqueue("once", "now"))
    assert "success" == town.person(f"{tenant}.other").ask("once", "now")["status"]

    over(ann)
    assert "success" == ann.ask("once", "afterwards")["status"]


@pytest.mark.parametrize("user", ["ann", ""])
def test_reaching_the_threshold_blocks(town: Town, tenant: str, user: str) -> None:
    """The call that reaches it is paid for, the next is refused until the cool-down is over."""
    ann, ben = town.person(tenant), town.person(tenant, "ben")
    town.operate("set_hourly_threshold", tenant, user, 2, p_cooldown="1 hour")

    assert "success" == ann.ask("once", "the last one")["status"]
    shutoff = shutoff_of(town, tenant)
    assert "automatic" == shutoff["mode"]
    assert "of 0.000002 USD in the hour" in shutoff["reason"]
    refused(ann, ann.enqueue("once", "one too many"))
    if user:
        assert "success" == ben.ask("once", "not affected")["status"]
    else:
        refused(ben, ben.enqueue("once", "affected"))

    over(ann)
    assert "success" == ann.ask("once", "afterwards")["status"]


def test_without_a_cooldown_it_lasts_until_the_hour_is_over(town: Town, tenant: str) -> None:
    """And an operator can lift it before."""
    ann = town.person(tenant)
    town.operate("set_hourly_threshold", tenant, "", 2)
    result = ann.ask("once", "the last one")
    hour = result["finished_at"].replace(minute=0, second=0, microsecond=0)
    assert hour + timedelta(hours=1) == shutoff_of(town, tenant)["disabled_until"]
    refused(ann, ann.enqueue("once", "one too many"))
    town.operate("lift_shutoff", tenant, "")
    assert "success" == ann.ask("once", "afterwards")["status"]
