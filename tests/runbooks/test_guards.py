"""Incidents that a guard makes: switches, caps, breakers and shutoffs."""

from pathlib import Path

from tests.support.ops import TENANT, USER, at_the_desk
from tests.support.town import Person, Town
from tests.support.waiting import HELD, until


def running(town: Town) -> int:
    """Return how many calls are in flight, to the database's knowledge."""
    count: int = town.value("select count(*) from tollhouse_private.jobs where state = 'running'")
    return count


def test_kill_switch_pulled(town: Town, ann: Person, desk: Path) -> None:
    """Calls in flight are aborted; after narrowing and lifting, they pass again."""
    town.mock.fault(HELD, contains="runaway")
    calls = [ann.enqueue("investigation", f"runaway {number}") for number in range(5)]
    for call in calls:
        ann.is_at_the_provider(call)
    town.operate("pull_kill_switch", "endpoint", "explanation")
    with at_the_desk(town, "TollhouseKillSwitchPulled", desk) as walk:
        assert "explanation" in walk.section("Diagnosis")
        assert not walk.is_over()
        assert 5 == running(town)
        walk.section("Action")
        until(lambda: running(town) == 0, "nothing runs any more")
        assert {"provider_kill_switch"} == {ann.wait(call)["blocked_reason"] for call in calls}
        assert all(town.entry(call)["provider_attempted"] for call in calls)
        town.operate("lift_kill_switch", "endpoint", "explanation")  # the one of the cause
        assert not walk.is_over()
        assert " success " in walk.section("Recovery")
        walk.ends()


def test_budget_exhausted(town: Town, ann: Person, desk: Path) -> None:
    """A cap that calls have really used up; raised, it lets them pass."""
    town.operate("set_monthly_cap", TENANT, USER, None)
    spent = "select spent_micro_usd from tollhouse_private.monthly_budgets"
    cap = 200 + town.value(f"{spent} where (tenant_id, user_id) = (%s, %s)", TENANT, USER)
    town.operate("set_monthly_cap", TENANT, USER, cap)
    endings = [ann.ask("explanation", f"question {n}", use_cache=False) for n in range(9)]
    assert "success" == endings[0]["status"]
    assert "monthly_cap_exceeded" == endings[-1]["blocked_reason"]
    with at_the_desk(town, "TollhouseBudgetExhausted", desk) as walk:
        assert not walk.is_over()
        told = walk.section("Diagnosis")
        assert endings[-1]["request_id"] in told
        assert f" {cap} " in told
        assert not walk.is_over()
        walk.section("Action")
        assert " success " in walk.section("Recovery")
        walk.ends()


def test_model_overrun(town: Town, ann: Person, desk: Path) -> None:
    """A model that bills twenty times its limit: another tenant's calls don't fit any more."""
    usage = {"completion_tokens": 4000}
    town.mock.fault({"usage": usage}, contains="dear")
    gus = town.person("globex", "gus")
    dear = [gus.ask("explanation", f"dear {number}", use_cache=False) for number in range(2)]
    town.operate("set_monthly_cap", TENANT, USER, None)
    spent = (
        "select coalesce(max(spent_micro_usd), 0) from tollhouse_private.monthly_budgets"
        " where (tenant_id, user_id) = (%s, %s)"
    )
    # Room for a call as it is, not for one that could be billed like those.
    town.operate("set_monthly_cap", TENANT, USER, 1000 + town.value(spent, TENANT, USER))
    with at_the_desk(town, "TollhouseModelOverrun", desk) as walk:
        refused = ann.ask("explanation", "how dear is it?", use_cache=False)
        assert "monthly_cap_exceeded" == refused["blocked_reason"]
        assert not walk.is_over()
        told = walk.section("Diagnosis")
        assert any(f" {call['call_id']} " in told for call in dear)
        assert " 4000 " in told
        assert " monthly_cap_exceeded " in told
        town.mock.clear_faults()  # their mistake is mended
        walk.section("Action")
        assert not walk.is_over()
        assert " success " in walk.section("Recovery")
        walk.ends()


def test_breaker_open(town: Town, ann: Person, desk: Path) -> None:
    """A provider that really answers 503 to several users; another serves meanwhile."""
    town.mock.fault({"status": 503}, model="mock-small")
    ben = town.person(TENANT, "ben")
    for number in range(4):
        ann.ask("explanation", f"ann {number}", use_cache=False)
        ben.ask("explanation", f"ben {number}", use_cache=False)
    assert "breaker_open" == ann.ask("explanation", "again", use_cache=False)["blocked_reason"]
    state = "select state from tollhouse_private.provider_breakers where provider = 'openai'"
    assert "open" == town.value(state)
    with at_the_desk(town, "TollhouseBreakerOpen", desk) as walk:
        told = walk.section("Diagnosis")
        assert "| provider | open " in told
        assert "| user     | open " in told
        assert " 503 " in told
        assert not walk.is_over()
        served = walk.section("Action")
        assert " success " in served
        assert " reserve" in served
        assert not walk.is_over()

        town.mock.clear_faults()  # the provider is well again
        assert " small" in walk.section("Recovery")
        walk.ends()
    assert "closed" == town.value(state)


def test_hourly_shutoff(town: Town, ann: Person, desk: Path) -> None:
    """A threshold that spend has really reached."""
    spent = (
        "select coalesce(max(spent_micro_usd - tripped_at_micro_usd), 0)"
        " from tollhouse_private.hourly_spend where user_id = '' and tenant_id = %s"
        " and hour = date_trunc('hour', clock_timestamp(), 'UTC')"
    )
    town.operate("set_hourly_threshold", TENANT, "", town.value(spent, TENANT) + 1)
    assert "success" == ann.ask("explanation", "the last one", use_cache=False)["status"]
    refused = ann.ask("explanation", "one too many", use_cache=False)
    assert "hourly_shutoff" == refused["blocked_reason"]
    with at_the_desk(town, "TollhouseHourlyShutoff", desk) as walk:
        assert "automatic" in walk.section("Diagnosis")
        assert not walk.is_over()
        walk.section("Action")
        assert " success " in walk.section("Recovery")
        walk.ends()
