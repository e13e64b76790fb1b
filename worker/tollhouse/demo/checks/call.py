"""What the ledger says of one call."""

from typing import LiteralString
from uuid import UUID

import psycopg

from tollhouse.demo.checks.observation import Check, observe

__all__ = ["Key", "answered_from_cache", "blocked", "consumed", "materialized_once", "one_call"]

Key = tuple[str, str, str]
"""Tenant, endpoint, request id; no two users of the demo share one."""

_OF_KEY: LiteralString = (
    " from tollhouse.llm_api_calls where (tenant_id, endpoint, request_id) = (%s, %s, %s)"
)
_MATERIALIZED: dict[str, LiteralString] = {
    "investigation": "tollhouse_private.investigations",
    "budget_optimization": "tollhouse_private.budget_optimization_jobs",
}


def consumed(connection: psycopg.Connection, key: Key, *, name: str = "") -> Check:
    """One ledger row: a provider answered."""
    return observe(
        connection,
        name or f"{key[1]}: one ledger row, answered by a provider",
        "select status, provider_attempted, was_cached" + _OF_KEY,
        key,
        {"status": "success", "provider_attempted": True, "was_cached": False},
    )


def answered_from_cache(connection: psycopg.Connection, key: Key, *, name: str = "") -> Check:
    """One ledger row: answered without a provider, free of charge."""
    return observe(
        connection,
        name or "answered from the cache: no attempt, no cost",
        "select status, was_cached, provider_attempted, cost_micro_usd" + _OF_KEY,
        key,
        {
            "status": "success",
            "was_cached": True,
            "provider_attempted": False,
            "cost_micro_usd": 0,
        },
    )


def blocked(
    connection: psycopg.Connection,
    key: Key,
    reason: str,
    *,
    attempted: bool = False,
    name: str = "",
) -> Check:
    """One ledger row: refused for that reason, before (or in) flight."""
    return observe(
        connection,
        name or f"refused: {reason}, nothing sent",
        "select status, blocked_reason, provider_attempted" + _OF_KEY,
        key,
        {"status": "blocked", "blocked_reason": reason, "provider_attempted": attempted},
    )


def one_call(connection: psycopg.Connection, key: Key, *, name: str = "") -> Check:
    """However often it was delivered: one row, one attempt."""
    return observe(
        connection,
        name or "one ledger row, one attempt",
        "select status, attempts" + _OF_KEY,
        key,
        {"status": "success", "attempts": 1},
    )


def materialized_once(superuser: psycopg.Connection, endpoint: str, call_id: UUID) -> Check:
    """One row in the endpoint's own table, by the transaction of the outcome.

    Needs a superuser, and a server with track_commit_timestamp: the row comes from a
    subtransaction, whose own number says nothing, but whose commit time is its parent's.
    """
    table = _MATERIALIZED[endpoint]
    return observe(
        superuser,
        f"one row in {table.partition('.')[2]}, by the transaction of the outcome",
        "select pg_xact_commit_timestamp(m.xmin) = pg_xact_commit_timestamp(c.xmin)"  # noqa: S608
        f" as same_transaction from {table} as m"
        " join tollhouse_private.llm_api_calls as c using (tenant_id, call_id)"
        " where call_id = %s",
        (str(call_id),),
        {"same_transaction": True},
    )
