-- Deploy tollhouse:ops/guards to pg

begin;
set local role tollhouse_owner;

create view tollhouse.guard_state with (security_invoker = true) as
select
  'kill_switch' as guard, ks.scope, ks.tenant_id, case when ks.scope = 'user' then ks.target else '' end as user_id, ks.target,
  true as stops_calls, 'on' as state, ks.set_at as since, null::pg_catalog.timestamptz as until, ks.reason
from tollhouse_private.kill_switches as ks
union all
select
  'hourly_shutoff', case when so.user_id = '' then 'tenant' else 'user' end, so.tenant_id, so.user_id, '',
  act.ive, case when act.ive then 'shut off, ' || so.mode else 'armed' end, null::pg_catalog.timestamptz,
  case when act.ive then so.disabled_until end,
  case
    when act.ive then so.reason
    else pg_catalog.format('spent %s of %s USD in this hour',
      pg_catalog.round(coalesce(hs.spent_micro_usd, 0) / 1000000.0, 2),
      coalesce(pg_catalog.round(so.threshold_micro_usd / 1000000.0, 2)::pg_catalog.text, 'unlimited'))
  end
from tollhouse_private.hourly_shutoffs as so
cross join lateral (select coalesce(so.disabled_until > pg_catalog.now(), false) as ive) as act
left join tollhouse_private.hourly_spend as hs
  on hs.tenant_id = so.tenant_id and hs.user_id = so.user_id
  and hs.hour = pg_catalog.date_trunc('hour', pg_catalog.now(), 'UTC')
union all
select
  'breaker', 'user', b.tenant_id, b.user_id, b.provider,
  b.state = 'half_open' or (b.state = 'open' and b.open_until > pg_catalog.now()), b.state, b.opened_at, b.open_until,
  coalesce(b.reason, pg_catalog.format('%s consecutive failures', b.consecutive_failures))
from tollhouse_private.breakers as b;
comment on view tollhouse.guard_state is
  'Current kill switches, hourly shutoffs and breakers. stops_calls: no matching call passes now (except the one probe of a half-open breaker).';

grant select on tollhouse.guard_state to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

set local role tollhouse_engine;

create view tollhouse_ops.guard_state with (security_invoker = true) as
select gs.guard, gs.scope, gs.tenant_id, gs.user_id, gs.target, gs.stops_calls, gs.state, gs.since, gs.until, gs.reason
from tollhouse.guard_state as gs
union all
select
  'breaker', 'provider', '', '', pb.provider,
  pb.state = 'half_open' or (pb.state = 'open' and pb.open_until > pg_catalog.now()), pb.state, pb.opened_at, pb.open_until, pb.reason
from tollhouse_private.provider_breakers as pb;
comment on view tollhouse_ops.guard_state is 'tollhouse.guard_state plus the breakers of whole providers.';

grant select on tollhouse_ops.guard_state to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

set local role tollhouse_owner;

create view tollhouse.refusals with (security_invoker = true) as
select
  tollhouse_private.refusing_guard(c.blocked_reason) as guard,
  c.blocked_reason, c.tenant_id, c.endpoint,
  pg_catalog.count(*) as calls,
  pg_catalog.count(*) filter (where c.finished_at >= pg_catalog.now() - interval '1 hour') as last_hour,
  pg_catalog.count(*) filter (where c.provider_attempted) as after_attempts,
  pg_catalog.round(pg_catalog.sum(c.cost_micro_usd) / 1000000.0, 6) as cost_usd,
  pg_catalog.count(distinct c.user_id) as users,
  pg_catalog.max(c.finished_at) as last_at
from tollhouse_private.llm_api_calls as c
where c.created_at >= pg_catalog.now() - interval '24 hours'
  and c.status = 'blocked'
group by c.blocked_reason, c.tenant_id, c.endpoint;
comment on view tollhouse.refusals is
  'Calls of the last 24 hours (by creation) that a guard refused. after_attempts: of these, aborted in flight by a kill switch, or refused a further attempt. cost_usd: cost of those attempts.';

grant select on tollhouse.refusals to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
