-- Deploy tollhouse:rate_limit/rate_limit_waits to pg
-- requires: queue/jobs
-- requires: admission/verdict
-- requires: rate_limit/rate_limits
-- requires: rate_limit/rate_limits_of

begin;
set local role tollhouse_engine;

create function tollhouse_private.rate_limit_waits(
  p_routes tollhouse_private.route[],
  p_now timestamptz
)
  returns table (
    tenant_id text,
    call_id uuid,
    scope text,
    target text,
    tokens integer,
    refill numeric,
    slot numeric
  )
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  with running as (
    select l.scope, l.target, count(j.call_id) as in_flight
    from (
      select distinct rl.scope, rl.target
      from tollhouse_private.rate_limits_of(p_routes, p_now) as rl
      where rl.max_in_flight is not null
    ) as l
    left join tollhouse_private.jobs as j
      on j.state = 'running'
      and l.target = case l.scope when 'tenant' then j.tenant_id when 'provider' then j.provider else j.model end
    group by l.scope, l.target
  ),
  ahead as (
    select rl.scope, rl.target, rl.first_call_id as call_id, least(rl.first_tokens, rl.tokens_per_minute) as tokens
    from tollhouse_private.rate_limits as rl
    join tollhouse_private.jobs as j
      on j.tenant_id = rl.first_tenant_id and j.call_id = rl.first_call_id and j.state in ('scheduled', 'queued')
    where rl.first_call_id not in (select (r.job).call_id from unnest(p_routes) as r)
  ),
  demand as (
    select
      l.*,
      row_number() over line + (a.call_id is not null)::integer as place,
      case row_number() over line when 1 then least(l.tokens, l.tokens_per_minute) else sum(l.tokens) over line end
        + coalesce(a.tokens, 0) as tokens_in_line,
      row_number() over line - l.max_in_flight + rn.in_flight as too_many
    from tollhouse_private.rate_limits_of(p_routes, p_now) as l
    left join running as rn on rn.scope = l.scope and rn.target = l.target
    left join ahead as a on a.scope = l.scope and a.target = l.target and a.call_id < l.call_id
    window line as (partition by l.scope, l.target order by l.call_id)
  )
  select
    d.tenant_id, d.call_id, d.scope, d.target, d.tokens,
    greatest(
      (d.place - d.requests_now) * 60 / d.requests_per_minute,
      (d.tokens_in_line - d.tokens_now) * 60 / d.tokens_per_minute
    ) as refill,
    case when d.too_many > 0 then 0.2 * ceil(d.too_many::numeric / d.max_in_flight) end as slot
  from demand as d;
end
$$;
comment on function tollhouse_private.rate_limit_waits(tollhouse_private.route[], timestamptz) is
  'For each call and each limit it falls under: seconds until its turn has refilled in the bucket, and until one of the calls in flight may have ended; zero, negative or null: no wait. In line by age, behind the limit''s first in line.';

revoke execute on function tollhouse_private.rate_limit_waits(tollhouse_private.route[], timestamptz) from public;

commit;
