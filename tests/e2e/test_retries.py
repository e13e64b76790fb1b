"""How an attempt ended decides what follows; the ledger agrees with the bill each time."""

from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

import pytest

from tests.e2e.conftest import TIMEOUT_MS
from tests.support.town import Person, Row, Town
from tests.support.waiting import HELD, until

Fault = dict[str, Any]


def outcomes(person: Person, call: Row) -> list[str]:
    """Return how a call's attempts ended, and that the bill has a line for each."""
    attempts = person.town.attempts(call)
    lines = person.town.bill(call)
    expected = [f"{call['call_id']}.{attempt['attempt']}" for attempt in attempts]
    assert expected == sorted(line.client_request_id for line in lines)
    assert person.town.entry(call)["cost_micro_usd"] == sum(
        attempt["cost_micro_usd"] for attempt in attempts
    )
    return [attempt["outcome"] for attempt in attempts]


# fault of the first attempt, its outcome, the provider bills it, what we charge for it
TRANSIENT: dict[str, tuple[Fault, str, bool, str]] = {
    "500": ({"status": 500}, "server_error", False, "none"),
    "503": ({"status": 503}, "server_error", False, "none"),
    "408": ({"status": 408}, "server_error", False, "none"),
    "429": ({"status": 429}, "rate_limited", False, "none"),
    "timeout": (HELD, "timeout", True, "reservation"),
    "dropped before": ({"drop": "before"}, "dropped", False, "reservation"),
    "dropped after": ({"drop": "after"}, "dropped", True, "reservation"),
    "not json": ({"malformed": "not_json"}, "malformed", True, "reservation"),
    "truncated": ({"malformed": "truncated"}, "malformed", True, "reservation"),
    "empty": ({"malformed": "empty"}, "malformed", True, "reservation"),
    "too deep": ({"malformed": "deep"}, "malformed", True, "reservation"),
    "a number too long": ({"malformed": "long_number"}, "malformed", True, "reservation"),
    "no choices": ({"malformed": "no_choices"}, "malformed", True, "usage"),
}


def too_slow(ann: Person) -> Row:
    """Ask for a call whose first attempt has five seconds, and the next as long as it takes."""
    impatient = {"p_models": ["mock-small"], "p_cache_ttl": "0", "p_backoff_ms": 3_600_000}
    ann.town.operate("set_task_type", "impatient", p_timeout_ms=5_000, **impatient)
    call = ann.enqueue("impatient", f"{ann.tag} Why?")
    until(lambda: ann.town.attempts(call), "the first attempt is over")
    ann.town.operate("set_task_type", "impatient", p_timeout_ms=TIMEOUT_MS, **impatient)
    ann.town.make_due(call)
    return call


@pytest.mark.parametrize("case", TRANSIENT)
def test_what_may_pass_is_tried_again(town: Town, tenant: str, case: str) -> None:
    """The second attempt succeeds; the first is charged for as far as it may be billed."""
    fault, outcome, billed, basis = TRANSIENT[case]
    ann = town.person(tenant)
    town.mock.fault(fault, times=1, contains=ann.tag)

    call = too_slow(ann) if outcome == "timeout" else ann.enqueue("hasty", f"{ann.tag} Why?")

    assert "success" == ann.wait(call)["status"]
    town.mock.clear_faults()
    town.settled()
    assert [outcome, "success"] == outcomes(ann, call)
    assert [billed, True] == [line.billed for line in town.bill(call)]
    first, second = town.attempts(call)
    assert (basis, "usage") == (first["cost_basis"], second["cost_basis"])
    assert (basis == "none") == (first["cost_micro_usd"] == 0)
    assert fault.get("status") == first["http_status"] or "status" not in fault
    assert 2 == town.entry(call)["attempts"]


def test_retry_after_is_respected(town: Town, tenant: str) -> None:
    """The provider's own wait wins over our shorter one."""
    ann = town.person(tenant)
    town.mock.fault({"status": 429, "retry_after_s": 1}, times=1, contains=ann.tag)
    call = ann.enqueue("hasty", f"{ann.tag} Why?")
    assert "success" == ann.wait(call)["status"]
    assert ["rate_limited", "success"] == outcomes(ann, call)
    first, second = town.bill(call)
    assert second.received_at - first.received_at >= 1


def test_attempts_come_to_an_end(town: Town, tenant: str) -> None:
    """A provider that stays down costs three attempts; then the call has failed and says how."""
    ann = town.person(tenant)
    town.mock.fault({"status": 500}, contains=ann.tag)
    call = ann.enqueue("hasty", f"{ann.tag} Why?")
    result = ann.wait(call)
    assert ("failed", 3) == (result["status"], result["attempts"])
    assert result["error_code"]
    assert ["server_error"] * 3 == outcomes(ann, call)
    assert 0 == town.entry(call)["cost_micro_usd"]


def test_the_next_model_has_its_turn(town: Town, tenant: str) -> None:
    """Where an endpoint has several models, a retry goes to the next one."""
    ann = town.person(tenant)
    town.mock.fault({"status": 500}, contains=ann.tag, model="mock-small")
    call = ann.enqueue("explanation", f"{ann.tag} Why?")
    assert "mock-reserve" == ann.wait(call)["model"]
    assert ["server_error", "success"] == outcomes(ann, call)
    assert ["mock-small", "mock-reserve"] == [line.model for line in town.bill(call)]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_the_provider_rejects_is_not_tried_again(town: Town, tenant: str, status: int) -> None:
    """A request that is wrong stays wrong, and says nothing about the provider's health."""
    ann = town.person(tenant)
    town.mock.fault({"status": status}, contains=ann.tag)
    for number in range(4):
        call = ann.enqueue("hasty", f"{ann.tag} {number}")
        assert "failed" == ann.wait(call)["status"]
        assert ["rejected"] == outcomes(ann, call)
        assert (0, "none") == (town.entry(call)["cost_micro_usd"], town.entry(call)["cost_basis"])
    assert [] == ann.rows("select from tollhouse.breakers")


def test_an_answer_without_usage_is_charged_its_reservation(town: Town, tenant: str) -> None:
    """It is an answer, and paid for: as much as it can have cost."""
    ann = town.person(tenant)
    town.mock.fault({"malformed": "no_usage"}, contains=ann.tag)
    call = ann.enqueue("hasty", f"{ann.tag} Why?")
    assert "success" == ann.wait(call)["status"]
    assert ["success"] == outcomes(ann, call)
    row = town.entry(call)
    assert ("reservation", None) == (row["cost_basis"], row["input_tokens"])


@pytest.mark.parametrize(("kind", "words"), [("nul", "half a pair"), ("extreme", "It comes down")])
def test_an_answer_that_jsonb_refuses_is_cleaned(
    town: Town, tenant: str, kind: str, words: str
) -> None:
    """U+0000, half a surrogate pair, NaN and endless nesting in it cost nobody the answer."""
    ann = town.person(tenant)
    town.mock.fault({"malformed": kind}, contains=ann.tag)
    call = ann.enqueue("hasty", f"{ann.tag} Why?")
    result = ann.wait(call)
    assert "success" == result["status"]
    assert words in result["content"]
    assert ["success"] == outcomes(ann, call)


def test_a_request_that_no_worker_can_read(town: Town, tenant: str) -> None:
    """However it came into the queue, it fails alone, unsent and free of charge."""
    ann = town.person(tenant)
    call = ann.enqueue("hasty", f"{ann.tag} Why?", run_at=datetime.now(UTC) + timedelta(hours=1))
    neighbour = ann.enqueue("hasty", f"{ann.tag} How?")
    town.rows(
        "update tollhouse_private.jobs set run_at = now(),"
        " request = jsonb_set(request, '{seed}', repeat('9', 5000)::jsonb) where call_id = %s",
        call["call_id"],
    )
    result = ann.wait(call)
    assert ("failed", "invalid_request") == (result["status"], result["error_code"])
    assert "success" == ann.wait(neighbour)["status"]
    (attempt,) = town.attempts(call)
    assert ("rejected", False, 0) == (
        attempt["outcome"],
        attempt["sent"],
        attempt["cost_micro_usd"],
    )
    assert not town.entry(call)["provider_attempted"]
    assert [] == town.bill(call)


def unheard_of(town: Town, endpoint: str, *more: str) -> None:
    """Make an endpoint whose first model is served where no worker can send to."""
    town.operate("set_provider", "unheard-of")
    town.operate("set_model", "unheard", "unheard-of", "unheard")
    for kind in ("input", "output"):
        town.operate("set_price", "unheard", kind, 1_000_000)
    town.operate(
        "set_task_type", endpoint, p_models=["unheard", *more], p_cache_ttl="0", p_backoff_ms=50
    )


def test_a_provider_that_no_worker_knows(town: Town, tenant: str) -> None:
    """Nothing is sent; tried like any other, the call fails in the end, and no breaker is moved."""
    unheard_of(town, "unheard")
    ann = town.person(tenant)
    call = ann.enqueue("unheard", "Why?")
    assert "failed" == ann.wait(call)["status"]
    assert [("not_configured", False, 0)] * 3 == [
        (attempt["outcome"], attempt["sent"], attempt["cost_micro_usd"])
        for attempt in town.attempts(call)
    ]
    assert not town.entry(call)["provider_attempted"]
    assert [] == town.bill(call)
    assert [] == ann.rows("select from tollhouse.breakers")


def test_a_provider_that_this_worker_does_not_know(town: Town, tenant: str) -> None:
    """The next candidate serves the call: one forgotten variable costs it a moment."""
    unheard_of(town, "half-heard", "mock-small")
    ann = town.person(tenant)
    call = ann.enqueue("half-heard", "Why?")
    assert ("success", "mock-small") == itemgetter("status", "model")(ann.wait(call))
    assert ["not_configured", "success"] == [row["outcome"] for row in town.attempts(call)]
