"""Proof 2: investigation and budget_optimization materialize one row, with the outcome."""

import pytest

from tests.support.town import Town

TABLES = {"investigation": "investigations", "budget_optimization": "budget_optimization_jobs"}

# A materializer runs in a subtransaction with an xmin of its own, but it commits with its parent:
# the server keeps one commit time for both.
_TRANSACTIONS = """
select
  c.xmin::text as ledger, cc.xmin::text as content,
  pg_xact_commit_timestamp(c.xmin) as ledger_time,
  (select array_agg(pg_xact_commit_timestamp(i.xmin))
   from tollhouse_private.investigations as i where i.call_id = c.call_id) as investigations,
  (select array_agg(pg_xact_commit_timestamp(o.xmin))
   from tollhouse_private.budget_optimization_jobs as o where o.call_id = c.call_id)
   as budget_optimization_jobs
from tollhouse_private.llm_api_calls as c
join tollhouse_private.call_content as cc on cc.call_id = c.call_id
where c.call_id = %s
"""


@pytest.mark.parametrize("endpoint", TABLES)
def test_success_makes_one_row_in_the_same_transaction(
    town: Town, tenant: str, endpoint: str
) -> None:
    """The materialized row and the ledger row were committed together, and there is only one."""
    ann = town.person(tenant)
    call = ann.enqueue(endpoint, "How should a budget of 100000 go to search, social and tv?")
    assert "success" == ann.wait(call)["status"]

    (seen,) = town.rows(_TRANSACTIONS, call["call_id"])
    other = next(table for name, table in TABLES.items() if name != endpoint)
    assert [seen["ledger_time"]] == seen[TABLES[endpoint]]
    assert seen[other] is None
    assert seen["ledger"] == seen["content"]
    shown = ann.rows(
        "select call_id from tollhouse.investigations"
        " union all select call_id from tollhouse.budget_optimization_jobs"
    )
    assert [{"call_id": call["call_id"]}] == shown


def test_what_they_hold_comes_from_question_and_answer(town: Town, tenant: str) -> None:
    """A recommendation is the JSON of the answer; findings are its text."""
    ann = town.person(tenant)
    question = f"{ann.tag} Why did orders fall in May?"
    findings = ann.ask("investigation", question)
    plan = ann.ask("budget_optimization", f"{ann.tag} Allocate 1000 to search and radio.")

    (investigation,) = ann.rows("select question, findings from tollhouse.investigations")
    assert {"question": question, "findings": findings["content"]} == investigation
    (optimization,) = ann.rows("select recommendation from tollhouse.budget_optimization_jobs")
    assert plan["content"]
    assert 100 == sum(
        share["share_percent"] for share in optimization["recommendation"]["allocation"]
    )


@pytest.mark.parametrize("endpoint", TABLES)
def test_a_failed_call_makes_none(town: Town, tenant: str, endpoint: str) -> None:
    """Without an answer there is nothing to materialize."""
    ann = town.person(tenant)
    town.mock.fault({"status": 400}, contains=ann.tag)
    assert "failed" == ann.ask(endpoint, f"{ann.tag} Why?")["status"]
    assert [] == ann.rows("select from tollhouse.investigations")
    assert [] == ann.rows("select from tollhouse.budget_optimization_jobs")


def test_a_materializer_that_raises_costs_only_its_own_row(town: Town, tenant: str) -> None:
    """The call keeps its answer and its ledger row, which says so; the batch is kept."""
    town.rows(
        "create or replace function public.broken_materializer"
        "(text, text, uuid, timestamptz, jsonb, jsonb) returns void language plpgsql"
        " as $$ begin raise exception 'as broken as promised'; end $$"
    )
    town.operate(
        "set_task_type",
        "broken",
        p_models=["mock-small"],
        p_cache_ttl="0",
        p_materializer="public.broken_materializer",
    )
    ann = town.person(tenant)
    broken, sound = ann.enqueue_many(
        [
            {"endpoint": "broken", "request": {"prompt": "Why?"}},
            {"endpoint": "investigation", "request": {"prompt": f"{ann.tag} Why?"}},
        ]
    )
    assert ("success", "materializer_failed") == (
        ann.wait(broken)["status"],
        ann.wait(broken)["error_code"],
    )
    assert "as broken as promised" in ann.wait(broken)["error_message"]
    assert ("success", None) == (ann.wait(sound)["status"], ann.wait(sound)["error_code"])
