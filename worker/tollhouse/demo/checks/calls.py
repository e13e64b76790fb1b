"""What the ledger says of many calls together."""

from collections.abc import Sequence
from typing import LiteralString

import psycopg

from tollhouse.demo.checks.observation import Check, observe, tally

__all__ = ["attempts_of", "consumed_by_endpoint", "nothing_lost", "statuses"]

Calls = tuple[str, str]
"""A tenant, and a pattern of request ids."""


def consumed_by_endpoint(
    connection: psycopg.Connection, tenant: str, like: str, endpoints: Sequence[str]
) -> Check:
    """One ledger row for each of these endpoints: a provider answered."""
    return tally(
        connection,
        "each endpoint: one ledger row, success, answered by a provider",
        "select endpoint, count(*) from tollhouse.llm_api_calls where tenant_id = %s"
        " and request_id like %s and status = 'success' and provider_attempted group by 1",
        (tenant, like),
        dict.fromkeys(endpoints, 1),
    )


def attempts_of(
    connection: psycopg.Connection, calls: Calls, expected: dict[str, int], *, name: str
) -> Check:
    """How the HTTP attempts of these calls ended, and how many they are."""
    return tally(
        connection,
        name,
        "select outcome, count(*) from tollhouse.provider_attempts where call_id in (select call_id"
        " from tollhouse.llm_api_calls where tenant_id = %s and request_id like %s) group by 1",
        calls,
        expected,
    )


def statuses(
    connection: psycopg.Connection, calls: Calls, expected: dict[str, int], *, name: str
) -> Check:
    """How these calls ended: success, cached, blocked, failed, cancelled."""
    return tally(
        connection,
        name,
        "select case when was_cached then 'cached' else status end, count(*)"
        " from tollhouse.llm_api_calls where tenant_id = %s and request_id like %s group by 1",
        calls,
        expected,
    )


def nothing_lost(connection: psycopg.Connection, calls: int, *, only: Calls | None = None) -> Check:
    """Every call has exactly one ledger row and has left the queue.

    only: these; otherwise all calls there are
    """
    where: LiteralString = " where tenant_id = %s and request_id like %s" if only else ""
    return observe(
        connection,
        "nothing lost, nothing twice: one ledger row for each call",
        "select count(*) as rows,"  # noqa: S608
        " count(distinct (tenant_id, user_id, endpoint, request_id)) as requests,"
        " (select count(*) from tollhouse.jobs" + where + ") as unfinished"
        " from tollhouse.llm_api_calls" + where,
        (only or ()) * 2,
        {"rows": calls, "requests": calls, "unfinished": 0},
    )
