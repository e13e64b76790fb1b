"""A month of a busy installation, made by the server itself: fifty tenants of twenty users."""

from typing import Any, LiteralString

from psycopg import Connection

__all__ = ["MORE_CALLS", "load"]

TENANTS, USERS, DAYS = 50, 20, 30

_CALL_ID: LiteralString = (
    "(lpad(to_hex((extract(epoch from t.at) * 1000)::bigint), 12, '0')"
    " || '70008000' || lpad(to_hex(t.n), 12, '0'))::uuid"
)
# One call in five cached, one in fifty refused, one in fifty failed.
_INSERT_CALLS: LiteralString = (
    """
insert into tollhouse_private.llm_api_calls (
  tenant_id, call_id, created_at, finished_at, user_id, endpoint, request_id, fingerprint,
  status, blocked_reason, was_cached, provider_attempted, attempts, provider, model,
  input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_micro_usd, cost_basis,
  saved_micro_usd, latency_ms, content_ref
)
select
  'tenant-' || r.who %% 50, """
    + _CALL_ID
    + """, t.at, t.at + interval '2 seconds', 'user-' || r.who / 50,
  (array['route', 'explanation', 'investigation', 'budget_optimization'])[1 + t.n %% 4],
  'request-' || t.n, decode(md5(t.n::text), 'hex'),
  case r.kind when 10 then 'blocked' when 11 then 'failed' else 'success' end,
  case r.kind when 10 then
    (array['monthly_cap_exceeded', 'breaker_open', 'hourly_shutoff'])[1 + t.n %% 3]
  end,
  r.kind < 10, r.kind > 10, (r.kind > 10)::int,
  case when r.kind <> 10 then 'provider-' || r.who %% 2 end,
  case when r.kind <> 10 then 'model-' || r.who %% 4 end,
  case when r.kind > 11 then 400 end, case when r.kind > 11 then 100 end,
  case when r.kind > 11 then 200 end, case when r.kind > 11 then 50 end,
  case when r.kind > 11 then 900 + t.n %% 200 else 0 end,
  case when r.kind > 11 then 'usage' else 'none' end,
  case when r.kind < 10 then 950 end,
  case when r.kind > 10 then 300 + (random() * 2000)::int end,
  case when r.kind > 11 then """
    + _CALL_ID
    + """ end
from t
cross join lateral (
  select hashint4(t.n) & 1023 as hash, (hashint4(t.n + 1) & 65535) %% 50 as kind
) as h
cross join lateral (select h.hash %% 1000 as who, h.kind) as r
"""
)
_MONTH: LiteralString = """
with t as materialized (
  select n::int, now() - interval '30 days' + interval '30 days' * ((n - 0.5) / %(rows)s) as at
  from generate_series(%(from)s::bigint, %(until)s::bigint) as n
)
"""
MORE_CALLS: LiteralString = (
    """
with t as (
  select (2000000000 + %(from)s + n)::int as n, date_trunc('milliseconds', clock_timestamp()) as at
  from generate_series(1, %(n)s) as n
)
"""
    + _INSERT_CALLS
)
_ATTEMPTS: LiteralString = """
insert into tollhouse_private.provider_attempts (
  tenant_id, call_id, attempt, late, created_at, started_at, finished_at, user_id, endpoint,
  provider, model, worker_id, outcome, sent, http_status, input_tokens, output_tokens,
  cost_micro_usd, cost_basis, budget_month, latency_ms
)
select
  c.tenant_id, c.call_id, 1, false, c.created_at, c.created_at, c.finished_at, c.user_id,
  c.endpoint,
  c.provider, c.model, '00000000-0000-4000-8000-000000000001',
  case c.status when 'success' then 'success' else 'server_error' end, true, 200,
  c.input_tokens, c.output_tokens, c.cost_micro_usd, c.cost_basis,
  date_trunc('month', c.created_at)::date, c.latency_ms
from tollhouse_private.llm_api_calls as c
where c.provider_attempted
"""
_REST: tuple[LiteralString, ...] = (
    """
    insert into tollhouse_private.hourly_spend (tenant_id, user_id, hour, calls, spent_micro_usd)
    select 'tenant-' || t, case u when 20 then '' else 'user-' || u end, h, 10, 10000
    from generate_series(0, 49) as t cross join generate_series(0, 20) as u
    cross join generate_series(
      date_trunc('hour', now() - interval '30 days'), now(), interval '1 hour') as h
    """,
    """
    insert into tollhouse_private.monthly_budgets (
      tenant_id, user_id, month, cap_micro_usd, spent_micro_usd)
    select 'tenant-' || t, case u when 20 then '' else 'user-' || u end, m::date,
      10000000000, 7000000
    from generate_series(0, 49) as t cross join generate_series(0, 20) as u
    cross join generate_series(
      date_trunc('month', now() at time zone 'UTC') - interval '11 months', now(),
      interval '1 month') as m
    """,
    """
    insert into tollhouse_private.hourly_shutoffs (tenant_id, user_id, threshold_micro_usd)
    select 'tenant-' || t, case u when 20 then '' else 'user-' || u end, 100000000
    from generate_series(0, 49) as t cross join generate_series(0, 20) as u
    """,
    """
    insert into tollhouse_private.jobs (
      tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes,
      max_output_tokens, run_at, request)
    select 'tenant-' || n % 50, gen_random_uuid(), 'user-' || n % 20, 'route', 'waiting-' || n,
      now(), '', 100, 100, now(), jsonb_build_object('prompt', repeat('x', 100))
    from generate_series(1, 100000) as n
    """,
)
# Indexes are built after the rows, as in any bulk load; then the schema is as deployed again.
_CONSTRAINTS: LiteralString = """
select c.relname, k.conname, pg_get_constraintdef(k.oid)
from pg_constraint as k join pg_class as c on c.oid = k.conrelid
where k.contype in ('p', 'u') and k.conrelid in (
  'tollhouse_private.llm_api_calls'::regclass, 'tollhouse_private.provider_attempts'::regclass)
"""


def load(connection: Connection[tuple[Any, ...]], rows: int) -> None:
    """Fill a deployed, empty database as its superuser; vacuum and analyze it."""
    connection.execute(
        "select tollhouse_private.ensure_partitions(now() - interval '31 days', now())"
    )
    constraints = connection.execute(_CONSTRAINTS).fetchall()
    for table, name, _ in constraints:
        connection.execute(f"alter table tollhouse_private.{table} drop constraint {name}".encode())
    step = 1_000_000
    for first in range(1, rows + 1, step):
        connection.execute(
            _MONTH + _INSERT_CALLS,
            {"rows": rows, "from": first, "until": min(rows, first + step - 1)},
        )
    connection.execute(_ATTEMPTS)
    for table, name, definition in constraints:
        connection.execute(
            f"alter table tollhouse_private.{table} add constraint {name} {definition}".encode()
        )
    for statement in _REST:
        connection.execute(statement)
    connection.execute("vacuum analyze")
