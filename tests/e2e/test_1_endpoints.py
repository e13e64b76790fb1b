"""Proof 1: each of the four endpoints is consumed end to end and leaves one ledger row."""

import pytest

from tests.support.town import Town

ENDPOINTS = ("route", "explanation", "investigation", "budget_optimization")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_endpoint_is_consumed_end_to_end(town: Town, tenant: str, endpoint: str) -> None:
    """One request makes one ledger row, one attempt and one line on the bill, which agree."""
    ann = town.person(tenant)
    before = town.mock.totals()["requests"]

    call = ann.enqueue(endpoint, "Which channel brought in the fewest orders?", "r1")
    result = ann.wait(call)

    assert ("queued", False) == (call["status"], call["deduplicated"])
    assert "success" == result["status"]
    assert result["content"]
    (row,) = town.ledger(tenant)
    assert ("success", True, False, 1) == (
        row["status"],
        row["provider_attempted"],
        row["was_cached"],
        row["attempts"],
    )
    (attempt,) = town.attempts(call)
    (line,) = town.bill(call)
    assert before + 1 == town.mock.totals()["requests"]
    assert line.billed
    billed = (line.prompt_tokens, line.completion_tokens, line.reasoning_tokens)
    assert billed == (row["input_tokens"], row["output_tokens"], row["reasoning_tokens"])
    assert 0 < row["cost_micro_usd"] == attempt["cost_micro_usd"]
    assert "usage" == row["cost_basis"]


def test_a_batch_over_all_endpoints_is_billed_once_each(town: Town, tenant: str) -> None:
    """Forty calls of two users, enqueued in two transactions, cost forty requests."""
    people = [town.person(tenant, user) for user in ("ann", "ben")]
    calls = [
        {
            "endpoint": endpoint,
            "request": {"messages": [{"role": "user", "content": f"{who.tag} question {number}"}]},
            "request_id": f"{endpoint}-{number}-{who.user}",
        }
        for who in people
        for number in range(5)
        for endpoint in ENDPOINTS
    ]
    before = town.mock.totals()["requests"]

    asked = [
        (who, call)
        for who in people
        for call in who.enqueue_many([c for c in calls if str(c["request_id"]).endswith(who.user)])
    ]

    assert {"success"} == {who.wait(call)["status"] for who, call in asked}
    assert 40 == len(town.ledger(tenant))
    assert before + 40 == town.mock.totals()["requests"]
