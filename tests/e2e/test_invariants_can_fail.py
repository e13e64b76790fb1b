"""Each invariant that the end-to-end tests count finds what it is there to find."""

from typing import LiteralString

import pytest
from psycopg import sql

from tests.support.invariants import INVARIANTS, violations
from tests.support.town import Town
from tollhouse_demo.mock import Entry

# What each of them is about, spoilt for one tenant's one successful call.
SPOILT: dict[str, LiteralString] = {
    "every request has one ledger row or one job, not both": "delete from llm_api_calls",
    "every ledger row and every job is somebody's request": "delete from request_keys",
    "the provider received no attempt twice": "select",
    "what the provider received is an attempt on record, marked sent": (
        "update provider_attempts set sent = false"
    ),
    "an attempt that was answered is one that the provider received": (
        "update provider_attempts set attempt = attempt + 1"
    ),
    "what an attempt reports is what the provider billed, to the token": (
        "update provider_attempts set output_tokens = output_tokens + 1"
    ),
    "what was billed is charged, to the micro-USD where the usage is known": (
        "update provider_attempts set cost_micro_usd = cost_micro_usd - 1"
    ),
    "an abandoned attempt is charged its reservation": (
        "update provider_attempts set outcome = 'abandoned', cost_micro_usd = 0"
    ),
    "only an abandoned attempt has a late result": "update provider_attempts set late = true",
    "a ledger row is the sum of its attempts": "update llm_api_calls set attempts = 2",
    "only running calls hold reservations": "update monthly_budgets set reserved_micro_usd = 1",
    "every budget has spent what its attempts cost": (
        "update monthly_budgets set spent_micro_usd = spent_micro_usd + 1"
    ),
    "the hours add up to what the attempts cost": "update hourly_spend set calls = calls + 1",
    "no cap is passed": "update monthly_budgets set cap_micro_usd = spent_micro_usd - 1",
    "every success of a materialized endpoint has its one row": "delete from investigations",
    "every reference of the ledger leads to what it promises": (
        "update call_content set reasoning = null"
    ),
    "nobody waits for a flight, a probe or a worker that is gone": (
        "update breakers set state = 'half_open', open_until = now(),"
        " probe_call_id = gen_random_uuid()"
    ),
}


@pytest.mark.parametrize("name", INVARIANTS)
def test_invariant_can_fail(town: Town, tenant: str, name: str) -> None:
    """It holds after a call, and no longer when what it is about is spoilt."""
    ann = town.person(tenant)
    call = ann.enqueue("investigation", "Why?")
    ann.wait(call)
    town.operate("open_breaker", "mock-b", p_tenant_id=tenant, p_user_id="ann")
    town.settled()
    bill: list[Entry] = town.bill(call)
    assert 1 == len(bill)
    whole = list(town.mock.bill().entries)
    connection = town.kept("postgres")
    assert {} == violations(connection, whole)

    with connection.transaction(force_rollback=True):
        connection.execute("set local search_path = tollhouse_private, pg_catalog")
        if "select" != SPOILT[name]:
            spoil = sql.SQL("{} where tenant_id = %s").format(sql.SQL(SPOILT[name]))
            connection.execute(spoil, (tenant,))
        connection.execute("reset search_path")
        twice = bill if name == "the provider received no attempt twice" else []
        assert name in violations(connection, whole + twice)
