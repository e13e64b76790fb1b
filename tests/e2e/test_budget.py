"""Monthly caps hold by reservation; what can't be priced or is too dear does not go out."""

import pytest

from tests.support.town import Town
from tests.support.waiting import HELD, until


@pytest.mark.parametrize("user", ["ann", ""])
def test_no_more_goes_out_than_the_cap_holds(town: Town, tenant: str, user: str) -> None:
    """Each call reserves and uses 100; of five a cap of 250 lets two pass, of user or tenant."""
    ann, ben = town.person(tenant), town.person(tenant, "ben")
    town.operate("set_monthly_cap", tenant, user, 250)
    usage = {"completion_tokens": 100, "completion_tokens_details": None}
    town.mock.fault(HELD | {"usage": usage}, contains=ann.tag)

    calls = ann.enqueue_many(
        [{"endpoint": "round", "request": {"prompt": f"{ann.tag} {n}"}} for n in range(5)]
    )
    calls.sort(key=lambda call: str(call["call_id"]))  # within a millisecond, the id is the order
    until(lambda: sum(len(town.bill(call)) for call in calls) >= 2, "two are at the provider")
    town.mock.clear_faults()
    results = [ann.wait(call) for call in calls]

    assert ["success", "success", "blocked", "blocked", "blocked"] == [
        result["status"] for result in results
    ]
    assert {"monthly_cap_exceeded"} == {result["blocked_reason"] for result in results[2:]}
    assert [1, 1, 0, 0, 0] == [len(town.bill(call)) for call in calls]
    assert not any(town.entry(call)["provider_attempted"] for call in calls[2:])
    (budget,) = town.rows(
        "select reserved_micro_usd, spent_micro_usd from tollhouse.monthly_budgets"
        " where tenant_id = %s and user_id = %s",
        tenant,
        user,
        login="auditor",
    )
    assert 0 == budget["reserved_micro_usd"]
    assert 0 < budget["spent_micro_usd"] == sum(r["cost_micro_usd"] for r in results) <= 250

    (refused,) = ann.rows(
        "select why from tollhouse.explain('round', %s)", results[-1]["request_id"]
    )
    assert f"under the monthly cap of the {'user' if user else 'tenant'}." in refused["why"]
    seen = {row["user_id"] for row in ann.rows("select user_id from tollhouse.monthly_budgets")}
    assert {"ann"} == seen

    town.operate("set_monthly_cap", tenant, user, 0)
    status = ben.ask("round", f"{ben.tag} Why?")["status"]
    assert ("success" if user else "blocked") == status
    town.operate("set_monthly_cap", tenant, user, 10_000)
    assert "success" == ann.ask("round", f"{ann.tag} next")["status"]


@pytest.mark.parametrize(
    ("endpoint", "limit", "reason"),
    [("round", 99, "max_cost_exceeded"), ("unpriced", None, "price_unknown")],
)
def test_a_call_without_a_bearable_price(
    town: Town, tenant: str, endpoint: str, limit: int | None, reason: str
) -> None:
    """A caller's own limit below the highest cost, and a model without a price."""
    town.operate("set_model", "unpriced", "mock-a", "mock-small")
    town.operate("set_task_type", "unpriced", p_models=["unpriced"])
    ann = town.person(tenant)
    call = ann.enqueue(endpoint, "Why?", max_cost_micro_usd=limit)
    result = ann.wait(call)
    assert ("blocked", reason) == (result["status"], result["blocked_reason"])
    assert not town.entry(call)["provider_attempted"]
    assert [] == town.bill(call)


def test_a_limit_of_ones_own_that_is_enough(town: Town, tenant: str) -> None:
    """Exactly the highest cost passes."""
    ann = town.person(tenant)
    assert "success" == ann.ask("round", "Why?", max_cost_micro_usd=100)["status"]


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 9000}}, 9010),
        ({"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}, None),
        ({"prompt_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 9000}}, 9003),
        ({"prompt_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 11}}, None),
        ({"prompt_tokens": 1000, "total_tokens": 7000}, 7000),
    ],
    ids=["cached", "cached a little", "reasoning", "reasoning a little", "total"],
)
def test_usage_that_contradicts_itself(
    town: Town, tenant: str, usage: dict[str, object], cost: int | None
) -> None:
    """The most that it can mean is charged, or the reservation (None) where that is more."""
    town.operate("set_model", "muddled", "mock-a", "mock-small")
    town.operate("set_price", "muddled", "input", 1_000_000)
    town.operate("set_price", "muddled", "output", 1_000_000)
    town.operate(
        "set_task_type",
        "muddled",
        p_models=["muddled"],
        p_max_output_tokens=100,
        p_max_attempts=1,
        p_cache_ttl="0",
    )
    town.operate("forget_overrun", "muddled")
    ann = town.person(tenant)
    muddled = {"completion_tokens": 10, "completion_tokens_details": None, **usage}
    town.mock.fault({**HELD, "usage": muddled}, contains=ann.tag)
    call = ann.enqueue("muddled", f"{ann.tag} How much?")
    ann.is_at_the_provider(call)
    reserved = town.value(
        "select reserved_micro_usd from tollhouse_private.jobs where call_id = %s", call["call_id"]
    )
    town.mock.clear_faults()

    result = ann.wait(call)
    assert "success" == result["status"]
    (attempt,) = town.attempts(call)
    charged = (cost, "usage") if cost is not None else (reserved, "reservation")
    assert charged == (attempt["cost_micro_usd"], attempt["cost_basis"])
    assert charged[0] == result["cost_micro_usd"] == town.entry(call)["cost_micro_usd"] >= reserved
    spent = "select spent_micro_usd from tollhouse_private.monthly_budgets"
    assert charged[0] == town.value(f"{spent} where (tenant_id, user_id) = (%s, 'ann')", tenant)
