-- All SQL of the page and of `tollhouse top`: what a member of tollhouse_monitor may read.
-- Queries over the ledger go tenant by tenant, from a call id on: that is its primary key.
-- A call id begins with the call's created_at in milliseconds.

-- name: begin
begin transaction isolation level repeatable read read only;

-- name: limit_time
set local statement_timeout = '2s';

-- name: look
with recursive known (tenant_id) as (
  (select c.tenant_id from tollhouse_ops.finished_calls as c order by c.tenant_id limit 1)
  union all
  select (select c.tenant_id from tollhouse_ops.finished_calls as c where c.tenant_id > k.tenant_id order by c.tenant_id limit 1)
  from known as k
  where k.tenant_id is not null
)
select
  now() as at,
  current_setting('server_version') as server,
  coalesce((select array_agg(k.tenant_id) from known as k where k.tenant_id is not null), '{}') as tenants;

-- name: workers
select w.name, w.version, w.capacity, w.holds, w.started_at, w.state = 'alive' as alive
from tollhouse_ops.workers as w
order by w.state = 'alive', w.started_at
limit 500;

-- name: total
select
  coalesce((
    select sum(b.spent_micro_usd) from tollhouse.monthly_budgets as b
    where b.user_id = '' and b.month = date_trunc('month', now() at time zone 'UTC')::date
  ), 0)::bigint as month_micro_usd,
  coalesce((
    select sum(h.spent_micro_usd) from tollhouse.hourly_spend as h
    where h.user_id = '' and h.hour = date_trunc('hour', now(), 'UTC')
  ), 0)::bigint as hour_micro_usd;

-- name: spends
select
  b.tenant_id, b.user_id, b.cap_micro_usd, b.reserved_micro_usd, b.spent_micro_usd,
  coalesce(h.spent_micro_usd, 0) as hour_micro_usd,
  (count(*) over () - %(spends)s)::bigint as others
from tollhouse.monthly_budgets as b
left join tollhouse.hourly_spend as h
  on h.tenant_id = b.tenant_id and h.user_id = b.user_id and h.hour = date_trunc('hour', now(), 'UTC')
where b.month = date_trunc('month', now() at time zone 'UTC')::date
  and (b.user_id = '' or b.cap_micro_usd is not null)
order by
  case
    when b.spent_micro_usd + b.reserved_micro_usd >= 0.7 * b.cap_micro_usd
      then (b.spent_micro_usd + b.reserved_micro_usd) / nullif(b.cap_micro_usd, 0)::float8
  end desc nulls last,
  b.spent_micro_usd desc, b.tenant_id, b.user_id
limit %(spends)s;

-- name: overruns
select o.model, o.factor::float8 as factor, o.highest::float8 as highest, o.until
from tollhouse_ops.model_overruns as o
order by o.highest desc, o.model
limit 3;

-- name: stops
-- A monthly cap stops whoever has used it up, and whom it has refused lately with little left.
-- The breakers of a provider's users are one row: they have one cause.
with refused as (
  select distinct c.tenant_id, c.user_id
  from unnest(%(tenants)s::text[]) as t (tenant_id)
  join tollhouse_ops.finished_calls as c
    on c.tenant_id = t.tenant_id and c.call_id >= %(lately_id)s and c.created_at >= %(lately)s
  where c.blocked_reason = 'monthly_cap_exceeded'
), caps as (
  select
    b.tenant_id, b.user_id, b.cap_micro_usd, b.spent_micro_usd, b.reserved_micro_usd,
    b.spent_micro_usd + b.reserved_micro_usd as used_micro_usd
  from tollhouse.monthly_budgets as b
  where b.month = date_trunc('month', now() at time zone 'UTC')::date and b.cap_micro_usd is not null
), full_caps as (
  select c.* from caps as c where c.used_micro_usd >= c.cap_micro_usd
  union
  select c.*
  from refused as r
  cross join lateral (
    select c.* from caps as c
    where c.tenant_id = r.tenant_id and c.user_id in ('', r.user_id) and c.used_micro_usd >= 0.8 * c.cap_micro_usd
    order by c.cap_micro_usd - c.used_micro_usd
    limit 1
  ) as c
), breakers as (
  select
    g.target, min(g.tenant_id) as tenant_id, min(g.user_id) as user_id, count(*) as users, min(g.since) as since, max(g.until) as until,
    case count(*)
      when 1 then min(g.reason)
      else array_to_string((array_agg(concat_ws(' / ', g.tenant_id, nullif(g.user_id, '')) order by g.since desc))[1:3], ', ')
        || case when count(*) > 3 then format(' and %%s more', count(*) - 3) else '' end
    end as reason
  from tollhouse_ops.guard_state as g
  where g.stops_calls and g.guard = 'breaker' and g.scope = 'user'
  group by g.target
), stops as (
  select
    g.guard, g.scope, g.tenant_id, g.user_id, g.target, 1::bigint as users, coalesce(g.reason, g.state) as reason, g.since, g.until,
    null::bigint as cap_micro_usd, null::bigint as spent_micro_usd, null::bigint as reserved_micro_usd,
    case
      when g.scope = 'global' then 0
      when g.guard = 'kill_switch' then 1
      when g.guard = 'breaker' then 2
      else 4
    end as place
  from tollhouse_ops.guard_state as g
  where g.stops_calls and not (g.guard = 'breaker' and g.scope = 'user')
  union all
  select
    'monthly_cap', case f.user_id when '' then 'tenant' else 'user' end, f.tenant_id, f.user_id, '', 1, '', null,
    (date_trunc('month', now() at time zone 'UTC') + interval '1 month') at time zone 'UTC',
    f.cap_micro_usd, f.spent_micro_usd, f.reserved_micro_usd, 3
  from full_caps as f
  union all
  select 'breaker', 'user', b.tenant_id, b.user_id, b.target, b.users, b.reason, b.since, b.until, null, null, null, 5
  from breakers as b
)
select
  s.guard, s.scope, s.tenant_id, s.user_id, s.target, s.users, s.reason, s.since, s.until,
  s.cap_micro_usd, s.spent_micro_usd, s.reserved_micro_usd,
  (
    select a.operator::text
    from tollhouse_ops.operator_audit as a
    where s.guard = 'kill_switch' and a.action = 'pull_kill_switch'
      and a.target = jsonb_strip_nulls(jsonb_build_object('scope', s.scope, 'tenant_id', nullif(s.tenant_id, ''), 'target', s.target))
    order by a.id desc
    limit 1
  ) as operator,
  (count(*) over () - %(stops)s)::bigint as others
from stops as s
order by s.place, s.since desc nulls last, s.tenant_id, s.user_id, s.target
limit %(stops)s;

-- name: ended
-- What became of the calls that ended lately and that nobody's choice kept from an answer: no cap, switch or cache.
with ended as (
  select c.tenant_id, c.user_id, c.provider, c.status, c.blocked_reason
  from unnest(%(tenants)s::text[]) as t (tenant_id)
  join tollhouse_ops.finished_calls as c
    on c.tenant_id = t.tenant_id and c.call_id >= %(hour_id)s and c.created_at >= %(hour)s
  where c.finished_at >= %(recent)s
    and (
      c.status = 'failed'
      or (c.status = 'success' and not c.was_cached)
      or c.blocked_reason in ('breaker_open', 'no_model', 'price_unknown')
    )
), troubled as (
  select g.target as provider from tollhouse_ops.guard_state as g where g.guard = 'breaker' and g.state <> 'closed'
  union
  select e.provider from ended as e where e.status = 'failed'
  except
  select e.provider from ended as e where e.status = 'success'
)
select
  count(*) filter (where e.status = 'success') as answered,
  count(*) filter (where e.status = 'failed') as failed,
  count(*) filter (where e.status = 'blocked') as refused,
  count(distinct (e.tenant_id, e.user_id)) as callers,
  count(distinct (e.tenant_id, e.user_id)) filter (where e.status <> 'success') as callers_without,
  coalesce(array_agg(distinct e.blocked_reason) filter (where e.status = 'blocked'), '{}') as reasons,
  array(select t.provider from troubled as t where t.provider is not null order by t.provider) as silent
from ended as e;

-- name: refusals
select
  r.blocked_reason as reason,
  sum(r.calls)::bigint as calls,
  (array_agg(r.tenant_id order by r.calls desc, r.tenant_id))[1:3] as tenants,
  count(*) as tenant_count,
  max(r.last_at) as last_at
from (
  select c.blocked_reason, c.tenant_id, count(*) as calls, max(c.finished_at) as last_at
  from unnest(%(tenants)s::text[]) as t (tenant_id)
  join tollhouse_ops.finished_calls as c
    on c.tenant_id = t.tenant_id and c.call_id >= %(hour_id)s and c.created_at >= %(hour)s
  where c.status = 'blocked'
  group by c.blocked_reason, c.tenant_id
) as r
group by r.blocked_reason
order by max(r.last_at) desc, r.blocked_reason;

-- name: latencies
-- Attempts that a switch, a caller or a worker's end cut short say nothing of the provider.
select
  coalesce(a.provider, '') as provider,
  count(*) as attempts,
  count(*) filter (where a.outcome <> 'success') as failed,
  percentile_disc(0.5) within group (order by a.latency_ms) filter (where a.outcome = 'success') as p50_ms,
  percentile_disc(0.95) within group (order by a.latency_ms) filter (where a.outcome = 'success') as p95_ms,
  percentile_disc(0.99) within group (order by a.latency_ms) filter (where a.outcome = 'success') as p99_ms
from unnest(%(tenants)s::text[]) as t (tenant_id)
join tollhouse_ops.attempts as a
  on a.tenant_id = t.tenant_id and a.call_id >= %(hour_id)s and a.created_at >= %(hour)s
where not a.late and a.outcome not in ('aborted', 'cancelled', 'interrupted', 'abandoned', 'not_sent')
group by rollup (a.provider)
having count(*) > 0
order by grouping(a.provider) desc, count(*) desc
limit 6;

-- name: queue
with counted as (
  select j.tenant_id, count(*) as queued, 0::bigint as running, 0::bigint as later, 0::bigint as shared
  from tollhouse_ops.unfinished_calls as j where j.state = 'queued' group by j.tenant_id
  union all
  select j.tenant_id, 0, count(*), 0, 0 from tollhouse_ops.unfinished_calls as j where j.state = 'running' group by j.tenant_id
  union all
  select j.tenant_id, 0, 0, count(*), 0 from tollhouse_ops.unfinished_calls as j where j.state = 'scheduled' group by j.tenant_id
  union all
  select j.tenant_id, 0, 0, 0, count(*) from tollhouse_ops.unfinished_calls as j where j.state = 'coalesced' group by j.tenant_id
), tenants as (
  select
    c.tenant_id, sum(c.queued)::bigint as queued, sum(c.running)::bigint as running,
    sum(c.later)::bigint as later, sum(c.shared)::bigint as shared
  from counted as c
  group by c.tenant_id
)
select
  t.tenant_id, t.queued, t.running, t.later, t.shared, o.since as oldest_since,
  (sum(t.queued) over ())::bigint as all_queued,
  (sum(t.running) over ())::bigint as all_running,
  count(*) over () as tenants
from tenants as t
left join lateral (
  select greatest(j.created_at, j.run_at) as since
  from tollhouse_ops.unfinished_calls as j
  where j.tenant_id = t.tenant_id and j.state = 'queued'
  order by j.call_id
  limit 1
) as o on true
order by o.since nulls last, t.running desc, t.tenant_id
limit %(queue)s;

-- name: calls
with last as (
  select c.tenant_id, c.call_id, c.created_at
  from unnest(%(tenants)s::text[]) as t (tenant_id)
  cross join lateral (
    select c.tenant_id, c.call_id, c.created_at, c.finished_at
    from tollhouse_ops.finished_calls as c
    where c.tenant_id = t.tenant_id and c.call_id >= %(month_id)s and c.created_at >= %(month)s
    order by c.call_id desc
    limit %(calls)s
  ) as c
  order by c.finished_at desc, c.call_id desc
  limit %(calls)s
)
select
  e.finished_at, e.tenant_id, e.user_id, e.endpoint, e.request_id, e.status, e.blocked_reason,
  e.was_cached, e.model, e.cost_micro_usd, e.latency_ms, e.why
from last as l
cross join lateral (
  select e.*
  from tollhouse_ops.explained_calls as e
  where e.tenant_id = l.tenant_id and e.call_id = l.call_id and e.created_at = l.created_at
  limit 1
) as e
order by e.finished_at desc, e.call_id desc;

-- name: minutes
select
  date_trunc('minute', c.created_at) as minute,
  count(*) filter (where c.status = 'success' and not c.was_cached) as answered,
  count(*) filter (where c.was_cached) as cached,
  count(*) filter (where c.status = 'blocked') as refused,
  count(*) filter (where c.status = 'failed') as failed,
  sum(c.cost_micro_usd)::bigint as cost_micro_usd
from unnest(%(tenants)s::text[]) as t (tenant_id)
join tollhouse_ops.finished_calls as c
  on c.tenant_id = t.tenant_id and c.call_id >= %(hour_id)s and c.created_at >= %(hour)s
group by date_trunc('minute', c.created_at)
order by date_trunc('minute', c.created_at);

-- name: latency_minutes
select
  date_trunc('minute', a.created_at) as minute,
  percentile_disc(0.5) within group (order by a.latency_ms) as p50_ms,
  percentile_disc(0.95) within group (order by a.latency_ms) as p95_ms,
  percentile_disc(0.99) within group (order by a.latency_ms) as p99_ms
from unnest(%(tenants)s::text[]) as t (tenant_id)
join tollhouse_ops.attempts as a
  on a.tenant_id = t.tenant_id and a.call_id >= %(hour_id)s and a.created_at >= %(hour)s
where a.outcome = 'success' and not a.late and a.latency_ms is not null
group by date_trunc('minute', a.created_at)
order by date_trunc('minute', a.created_at);
