"""What must hold of any installation at rest, counted in the database and on the provider's bill.

Each invariant is a query for what breaks it; `bill` is the provider's account as a table.
"""

from collections.abc import Iterable
from pprint import pformat
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from tests.support.town import Town
from tollhouse_demo.mock import Entry

Violations = dict[str, list[dict[str, Any]]]

_NAMES = (
    "client_request_id",
    "outcome",
    "billed",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "reasoning_tokens",
)
_BILL = """
create temp table bill on commit drop as
select
  split_part(e.client_request_id, '.', 1)::uuid as call_id,
  split_part(e.client_request_id, '.', 2)::integer as attempt,
  e.*
from jsonb_to_recordset(%s) as e (
  client_request_id text, outcome text, billed boolean,
  prompt_tokens integer, cached_tokens integer, completion_tokens integer, reasoning_tokens integer
)
"""

_PRIVATE = "set local search_path = tollhouse_private, pg_catalog, pg_temp"

# What an attempt was finally charged, including any late correction.
_CHARGED = """
create temp view charged as
select
  pa.call_id, pa.attempt, min(pa.model) as model, min(pa.started_at) as started_at,
  bool_or(pa.sent) as sent, sum(pa.cost_micro_usd) as cost,
  bool_or(pa.input_tokens is not null) as has_usage
from provider_attempts as pa
group by pa.call_id, pa.attempt
"""

INVARIANTS = {
    "every request has one ledger row or one job, not both": """
        select
          rk.tenant_id, rk.user_id, rk.endpoint, rk.request_id, c.count,
          j.call_id is not null as has_job
        from request_keys as rk
        cross join lateral (
          select count(*) from llm_api_calls as c
          where c.tenant_id = rk.tenant_id and c.user_id = rk.user_id
            and c.endpoint = rk.endpoint and c.request_id = rk.request_id
        ) as c
        left join jobs as j on j.tenant_id = rk.tenant_id and j.call_id = rk.call_id
        where c.count + (j.call_id is not null)::integer <> 1""",
    "every ledger row and every job is somebody's request": """
        select x.tenant_id, x.call_id
        from (
          select c.tenant_id, c.user_id, c.endpoint, c.request_id, c.call_id
          from llm_api_calls as c
          union all
          select j.tenant_id, j.user_id, j.endpoint, j.request_id, j.call_id from jobs as j
        ) as x
        where not exists (
          select from request_keys as rk
          where rk.tenant_id = x.tenant_id and rk.user_id = x.user_id
            and rk.endpoint = x.endpoint and rk.request_id = x.request_id
            and rk.call_id = x.call_id
        )""",
    "the provider received no attempt twice": """
        select b.call_id, b.attempt, count(*)
        from bill as b group by b.call_id, b.attempt having count(*) > 1""",
    "what the provider received is an attempt on record, marked sent": """
        select b.call_id, b.attempt, b.outcome, pa.outcome as recorded
        from bill as b
        left join provider_attempts as pa
          on pa.call_id = b.call_id and pa.attempt = b.attempt and not pa.late
        where pa.sent is not true
          and not exists (
            select from jobs as j
            where j.state = 'running' and j.call_id = b.call_id and j.attempts = b.attempt
          )""",
    "an attempt that was answered is one that the provider received": """
        select pa.call_id, pa.attempt, pa.outcome, pa.http_status
        from provider_attempts as pa
        left join bill as b on b.call_id = pa.call_id and b.attempt = pa.attempt
        where pa.http_status is not null and b.call_id is null""",
    "what an attempt reports is what the provider billed, to the token": """
        select pa.call_id, pa.attempt, pa.outcome, pa.input_tokens, b.prompt_tokens
        from provider_attempts as pa
        left join bill as b on b.call_id = pa.call_id and b.attempt = pa.attempt
        where pa.sent and pa.input_tokens is not null
          and (
            b.billed is not true
            or (
              pa.input_tokens, coalesce(pa.cached_input_tokens, 0),
              pa.output_tokens, coalesce(pa.reasoning_tokens, 0)
            ) <> (b.prompt_tokens, b.cached_tokens, b.completion_tokens, b.reasoning_tokens)
          )""",
    "what was billed is charged, to the micro-USD where the usage is known": """
        select b.call_id, b.attempt, b.outcome, ch.cost, due.amount
        from bill as b
        join charged as ch on ch.call_id = b.call_id and ch.attempt = b.attempt
        cross join lateral price_at(ch.model, ch.started_at) as p
        cross join lateral (
          -- A bill that contradicts itself may mean the most that it says.
          select b.cached_tokens > b.prompt_tokens or b.reasoning_tokens > b.completion_tokens
            as doubtful
        ) as bill
        cross join lateral (
          select case
            when bill.doubtful then highest_cost(
              p.input, p.cached_input, p.output, p.reasoning,
              greatest(b.prompt_tokens, b.cached_tokens),
              greatest(b.completion_tokens, b.reasoning_tokens)
            )
            else cost_of_usage(
              p.input, p.cached_input, p.output, p.reasoning,
              b.prompt_tokens, b.cached_tokens, b.completion_tokens, b.reasoning_tokens
            )
          end as amount
        ) as due
        where b.billed
          and (
            ch.cost < due.amount
            or (ch.has_usage and not bill.doubtful and ch.cost <> due.amount)
          )""",
    "an abandoned attempt is charged its reservation": """
        select pa.call_id, pa.attempt, pa.cost_micro_usd, pa.cost_basis
        from provider_attempts as pa
        where pa.outcome = 'abandoned' and not pa.late
          and (pa.cost_basis <> 'reservation' or pa.cost_micro_usd = 0)""",
    "only an abandoned attempt has a late result": """
        select pa.call_id, pa.attempt
        from provider_attempts as pa
        where pa.late
          and not exists (
            select from provider_attempts as first
            where first.tenant_id = pa.tenant_id and first.call_id = pa.call_id
              and first.attempt = pa.attempt and not first.late and first.outcome = 'abandoned'
          )""",
    "a ledger row is the sum of its attempts": """
        select
          c.tenant_id, c.call_id, c.status, c.attempts, a.count, c.cost_micro_usd, a.cost,
          c.provider_attempted, a.sent
        from llm_api_calls as c
        cross join lateral (
          select
            count(*), coalesce(sum(pa.cost_micro_usd), 0) as cost,
            coalesce(bool_or(pa.sent), false) as sent
          from provider_attempts as pa
          where pa.tenant_id = c.tenant_id and pa.call_id = c.call_id and not pa.late
        ) as a
        where (c.attempts, c.cost_micro_usd, c.provider_attempted)
          is distinct from (a.count::integer, a.cost::bigint, a.sent)""",
    "only running calls hold reservations": """
        select mb.tenant_id, mb.user_id, mb.month, mb.reserved_micro_usd, held.amount
        from monthly_budgets as mb
        cross join lateral (
          select coalesce(sum(j.reserved_micro_usd), 0) as amount
          from jobs as j
          where j.tenant_id = mb.tenant_id and mb.user_id in ('', j.user_id)
            and j.budget_month = mb.month
        ) as held
        where mb.reserved_micro_usd <> held.amount""",
    "every budget has spent what its attempts cost": """
        with cost as (
          select pa.tenant_id, u.user_id, pa.budget_month as month, sum(pa.cost_micro_usd) as amount
          from provider_attempts as pa
          cross join lateral (values (''), (pa.user_id)) as u (user_id)
          group by 1, 2, 3
        )
        select tenant_id, user_id, month, mb.spent_micro_usd, cost.amount
        from monthly_budgets as mb
        full join cost using (tenant_id, user_id, month)
        where coalesce(mb.spent_micro_usd, 0) <> coalesce(cost.amount, 0)""",
    "the hours add up to what the attempts cost": """
        with cost as (
          select pa.tenant_id, u.user_id, sum(pa.cost_micro_usd) as amount,
            count(*) filter (where not pa.late) as calls
          from provider_attempts as pa
          cross join lateral (values (''), (pa.user_id)) as u (user_id)
          group by 1, 2
        ),
        hours as (
          select hs.tenant_id, hs.user_id, sum(hs.spent_micro_usd) as amount, sum(hs.calls) as calls
          from hourly_spend as hs group by 1, 2
        )
        select tenant_id, user_id, hours.amount, cost.amount as due
        from hours full join cost using (tenant_id, user_id)
        where (coalesce(hours.amount, 0), coalesce(hours.calls, 0))
          <> (coalesce(cost.amount, 0), coalesce(cost.calls, 0))""",
    "no cap is passed": """
        select mb.tenant_id, mb.user_id, mb.month, mb.cap_micro_usd
        from monthly_budgets as mb
        where mb.spent_micro_usd + mb.reserved_micro_usd > mb.cap_micro_usd""",
    "every success of a materialized endpoint has its one row": """
        select c.tenant_id, c.call_id, c.endpoint, made.count
        from llm_api_calls as c
        cross join lateral (
          select
            (select count(*) from investigations as i where i.call_id = c.call_id)
            + (select count(*) from budget_optimization_jobs as o where o.call_id = c.call_id)
            as count
        ) as made
        where made.count <> (
          c.status = 'success'
          and c.endpoint in ('investigation', 'budget_optimization')
          and c.error_code is distinct from 'materializer_failed'
        )::integer""",
    "every reference of the ledger leads to what it promises": """
        select c.tenant_id, c.call_id
        from llm_api_calls as c
        left join call_content as cc
          on cc.tenant_id = c.tenant_id and cc.call_id = c.call_id
          and cc.created_at = c.created_at
        where (c.content_ref is not null and (cc.request is null or cc.response is null))
          or (c.reasoning_ref is not null and cc.reasoning is null)
          or (c.metadata_ref is not null and cc.metadata is null)""",
    "nobody waits for a flight, a probe or a worker that is gone": """
        select 'flight' as what, rc.call_id from response_cache as rc
        where rc.expires_at is null
          and not exists (select from jobs as j where j.call_id = rc.call_id)
        union all
        select 'probe', b.probe_call_id from breakers as b
        where b.state = 'half_open'
          and not exists (
            select from jobs as j where j.state = 'running' and j.call_id = b.probe_call_id
          )
        union all
        select 'follower', j.call_id from jobs as j
        where j.state = 'coalesced'
          and not exists (
            select from response_cache as rc
            where rc.cache_key = j.cache_key and rc.expires_at is null
          )""",
}


def violations(connection: Connection[dict[str, Any]], bill: Iterable[Entry]) -> Violations:
    """Return the broken invariants with the rows that break them; a superuser's connection."""
    document = Jsonb([{name: getattr(entry, name) for name in _NAMES} for entry in bill])
    with connection.transaction(force_rollback=True):
        connection.execute(_BILL, (document,))
        connection.execute(_PRIVATE)
        connection.execute(_CHARGED)
        found = {
            name: connection.execute(query.encode()).fetchall()
            for name, query in INVARIANTS.items()
        }
    return {name: rows for name, rows in found.items() if rows}


def assert_invariants(town: Town) -> None:
    """Check a town at rest (see Town.settled) against its provider's bill."""
    broken = violations(town.kept("postgres"), town.mock.bill().entries)
    assert not broken, pformat(broken, width=120)
