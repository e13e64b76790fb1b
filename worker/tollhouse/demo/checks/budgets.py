"""Whether caps held and books agree with each other."""

import psycopg

from tollhouse.demo.checks.observation import Check, observe

__all__ = ["cap_held", "spend_matches_ledger"]


def cap_held(connection: psycopg.Connection) -> Check:
    """Nobody's spend and reservations pass a cap, and nothing stays reserved."""
    return observe(
        connection,
        "no cap was passed, and nothing is left reserved",
        "select count(*) filter (where spent_micro_usd + reserved_micro_usd > cap_micro_usd)"
        " as over_cap, sum(reserved_micro_usd)::bigint as reserved from tollhouse.monthly_budgets",
        (),
        {"over_cap": 0, "reserved": 0},
    )


def spend_matches_ledger(connection: psycopg.Connection) -> Check:
    """Ledger, attempts and monthly budgets add up to the same amount."""
    row = connection.execute(
        "select coalesce(sum(cost_micro_usd), 0)::bigint from tollhouse.llm_api_calls"
    ).fetchone()
    spent = row[0] if row else 0
    return observe(
        connection,
        "ledger, attempts and budgets name one amount (micro-USD)",
        "select (select sum(cost_micro_usd)::bigint from tollhouse.llm_api_calls) as ledger,"
        " (select sum(cost_micro_usd)::bigint from tollhouse.provider_attempts) as attempts,"
        " (select sum(spent_micro_usd)::bigint from tollhouse.monthly_budgets"
        " where user_id = '') as budgets",
        (),
        {"ledger": spent, "attempts": spent, "budgets": spent},
    )
