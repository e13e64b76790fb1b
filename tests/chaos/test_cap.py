"""Forty connections claim at once under a cap that fits ten calls: exactly ten go out."""

import json
import urllib.request
from threading import Barrier
from typing import LiteralString
from uuid import uuid4

from psycopg.types.json import Jsonb

from tests.support.town import Row, Town
from tests.support.waiting import PATIENCE, together, until

CLAIMERS = 40
FIT = 10


def test_exactly_ten(town: Town, tenant: str) -> None:
    """Each claims until nothing is queued, then sends what it was given and records the answer."""
    town.operate("set_model", "round", "mock-a", "mock-small")
    town.operate("set_price", "round", "input", 0)
    town.operate("set_price", "round", "output", 1_000_000)
    town.operate(
        "set_task_type", "round", p_models=["round"], p_max_output_tokens=100, p_cache_ttl="0"
    )
    town.operate("set_monthly_cap", tenant, "", FIT * 100)  # each call reserves 100
    while town.stack.workers:
        town.stack.stop_worker()
    before = town.mock.totals()["requests"]
    ann = town.person(tenant)
    calls = ann.enqueue_many(
        [{"endpoint": "round", "request": {"prompt": f"{ann.tag} {n}"}} for n in range(60)]
    )

    def claim(_: int, barrier: Barrier) -> list[Row]:
        worker = uuid4()
        with town.connect("worker") as connection:
            connection.execute(
                "select tollhouse_worker.register(%s, 'claimer', 10, 'test')", (worker,)
            )
            barrier.wait()
            claimed = []
            for _ in range(5):
                query = "select * from tollhouse_worker.claim(%s, 2)"
                claimed += connection.execute(query, (worker,)).fetchall()
            barrier.wait()  # nothing is booked, and so freed, before everything is claimed
            results = [_send(town, call) for call in claimed]
            connection.execute("select tollhouse_worker.record(%s, %s)", (worker, Jsonb(results)))
            connection.execute("select tollhouse_worker.deregister(%s)", (worker,))
            return claimed

    admitted = [call for claimed in together(CLAIMERS, claim) for call in claimed]

    assert FIT == len({call["call_id"] for call in admitted}) == len(admitted)
    assert before + FIT == town.mock.totals()["requests"]
    waiting: LiteralString = (
        "select count(*) from tollhouse_private.jobs where tenant_id = %s and waits_for = 'budget'"
    )
    assert 60 - FIT == town.value(waiting, tenant)
    # They were held back by reservations alone: what they need is there again, until it is taken.
    spent = town.value(
        "select spent_micro_usd from tollhouse.monthly_budgets"
        " where tenant_id = %s and user_id = ''",
        tenant,
    )
    town.operate("set_monthly_cap", tenant, "", spent)
    town.stack.start_worker()
    results = [ann.wait(call) for call in calls]
    assert FIT == sum(result["status"] == "success" for result in results)
    assert {"monthly_cap_exceeded"} == {
        result["blocked_reason"] for result in results if result["status"] == "blocked"
    }
    town.operate("set_monthly_cap", tenant, "", None)
    until(lambda: ann.ask("round", "next")["status"] == "success", "life goes on")


def _send(town: Town, call: Row) -> dict[str, object]:
    request = urllib.request.Request(
        f"{town.mock.base_url}/chat/completions",
        headers={"X-Client-Request-Id": f"{call['call_id']}.{call['attempt']}"},
        data=json.dumps(
            {
                "model": call["model"],
                "max_completion_tokens": call["max_output_tokens"],
                "messages": [{"role": "user", "content": call["request"]["prompt"]}],
            }
        ).encode(),
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
        answer = json.load(reply)
    usage = answer["usage"]
    return {
        "tenant_id": call["tenant_id"],
        "call_id": str(call["call_id"]),
        "attempt": call["attempt"],
        "outcome": "success",
        "http_status": 200,
        "input_tokens": usage["prompt_tokens"],
        "cached_input_tokens": usage["prompt_tokens_details"]["cached_tokens"],
        "output_tokens": usage["completion_tokens"],
        "reasoning_tokens": usage["completion_tokens_details"]["reasoning_tokens"],
        "response": {"content": answer["choices"][0]["message"]["content"]},
    }
