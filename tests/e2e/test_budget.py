"""Monthly caps hold by reservation; what can't be priced or is too dear does not go out."""

import pytest

from tests.support.town import Town


@pytest.mark.parametrize("user", ["ann", ""])
def test_no_more_goes_out_than_the_cap_holds(town: Town, tenant: str, user: str) -> None:
    """Each call reserves and uses 100; of five a cap of 250 lets two pass, of user or tenant."""
    ann, ben = town.person(tenant), town.person(tenant, "ben")
    town.operate("set_monthly_cap", tenant, user, 250)
    usage = {"completion_tokens": 100, "completion_tokens_details": None}
    town.mock.fault({"delay_ms": 300, "usage": usage}, contains=ann.tag)

    calls = ann.enqueue_many(
        [{"endpoint": "round", "request": {"prompt": f"{ann.tag} {n}"}} for n in range(5)]
    )
    calls.sort(key=lambda call: str(call["call_id"]))  # within a millisecond, the id is the order
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
