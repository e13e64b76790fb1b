"""Calls and attempts put into the books by hand, as of some time ago."""

from datetime import timedelta

from tests.support.database import Database

_CALLS = """
insert into tollhouse_private.llm_api_calls (
  tenant_id, call_id, created_at, finished_at, user_id, endpoint, request_id, fingerprint,
  status, blocked_reason, was_cached, provider_attempted, attempts, provider, model,
  cost_micro_usd, cost_basis, error_code
)
select
  %(tenant)s, tollhouse_private.new_call_id(a.at), a.at, now() - %(ago)s, %(user)s, 'route',
  %(user)s || '-' || clock_timestamp() || '-' || n, '',
  %(status)s, %(reason)s, %(cached)s, %(status)s in ('success', 'failed') and not %(cached)s,
  1, %(provider)s, 'small', 0, 'none', case %(status)s when 'failed' then 'server_error' end
from generate_series(1, %(calls)s) as n
cross join lateral (
  select date_trunc('milliseconds', greatest(
    date_trunc('month', now()), now() - %(ago)s - %(took)s
  )) as at
) as a
"""
_ATTEMPT = """
insert into tollhouse_private.provider_attempts (
  tenant_id, call_id, attempt, late, created_at, started_at, finished_at, user_id, endpoint,
  provider, model, worker_id, outcome, sent, cost_micro_usd, cost_basis, budget_month, latency_ms
)
select
  'acme', tollhouse_private.new_call_id(a.at), 1, false, a.at, a.at, a.at, 'ann', 'route',
  'mock', 'small', gen_random_uuid(), o.outcome, o.sent, 0, 'none',
  date_trunc('month', now() at time zone 'UTC')::date, 10
from tollhouse_private.attempt_outcomes as o
cross join (select date_trunc('milliseconds', now()) as at) as a
"""


def book(
    database: Database,
    status: str,
    calls: int = 1,
    *,
    tenant: str = "acme",
    user: str = "ann",
    reason: str | None = None,
    cached: bool = False,
    provider: str | None = None,
    ago: timedelta = timedelta(0),
    took: timedelta = timedelta(0),
) -> None:
    """Book calls that ended some time ago; `reason` is of blocked ones."""
    with database.connect("postgres") as connection:
        connection.execute(
            _CALLS,
            {
                "tenant": tenant, "user": user, "status": status, "reason": reason, "calls": calls,
                "cached": cached, "provider": provider, "ago": ago, "took": took,
            },
        )  # fmt: skip


def attempt_of_each_outcome(database: Database) -> None:
    """Book one attempt for every way in which one can end."""
    with database.connect("postgres") as connection:
        connection.execute(_ATTEMPT)


def register(database: Database, *names: str) -> None:
    """Register workers of eight calls."""
    for name in names or ("w1",):
        database.rows("select tollhouse_worker.register(gen_random_uuid(), %s, 8, '1')", name)


def open_breaker(database: Database, provider: str, tenant: str = "", user: str = "") -> None:
    """Open a provider's breaker, or a user's, for five minutes."""
    database.rows(
        "select tollhouse_ops.open_breaker(%s, 'test', %s, %s, '5 minutes')",
        provider, tenant, user, login="th_operator",
    )  # fmt: skip
