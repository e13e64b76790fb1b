-- Deploy tollhouse:rate_limit/guard to pg
-- requires: admission/verdict
-- requires: rate_limit/rate_limits
-- requires: rate_limit/rate_limits_of

begin;
set local role tollhouse_engine;

create function tollhouse_private.guard_rate_limit(
  p_routes tollhouse_private.route[],
  p_now timestamptz
)
  returns setof tollhouse_private.verdict
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from tollhouse_private.rate_limits) then
    return;
  end if;

  perform
  from tollhouse_private.rate_limits as rl
  where (rl.scope, rl.target) in (select l.scope, l.target from tollhouse_private.rate_limits_of(p_routes, p_now) as l)
  order by rl.scope, rl.target
  for update;

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
  ),
  wait as (
    select
      d.*,
      greatest(
        (d.place - d.requests_now) * 60 / d.requests_per_minute,
        (d.tokens_in_line - d.tokens_now) * 60 / d.tokens_per_minute
      ) as refill,
      case when d.too_many > 0 then 0.2 * ceil(d.too_many::numeric / d.max_in_flight) end as slot
    from demand as d
  ),
  held as (
    select w.call_id, max(greatest(w.refill, w.slot)) as seconds, count(*) filter (where greatest(w.refill, w.slot) > 0) as limits
    from wait as w
    group by w.call_id
  ),
  -- Kept across claims: the first in line of each bucket.
  noted as (
    update tollhouse_private.rate_limits as rl
    set first_tenant_id = f.tenant_id, first_call_id = f.call_id, first_tokens = f.tokens
    from (
      select distinct on (w.scope, w.target)
        w.scope, w.target, case when waits.here then w.tenant_id end as tenant_id,
        case when waits.here then w.call_id end as call_id, case when waits.here then w.tokens end as tokens
      from wait as w
      join held as h on h.call_id = w.call_id
      cross join lateral (select w.refill > 0 and h.limits = 1 as here) as waits
      order by w.scope, w.target, waits.here desc, w.call_id
    ) as f
    where rl.scope = f.scope
      and rl.target = f.target
      and rl.first_call_id is distinct from f.call_id
      and not exists (
        select from ahead as a
        where a.scope = f.scope and a.target = f.target and (f.call_id is null or a.call_id < f.call_id)
      )
  )
  select h.call_id, 'deferred', 'rate_limited', p_now + make_interval(secs => least(60, greatest(0.05, h.seconds))::double precision)
  from held as h
  where h.seconds > 0;
end
$$;
comment on function tollhouse_private.guard_rate_limit(tollhouse_private.route[], timestamptz) is
  'Defers what is over a limit now until its bucket will have refilled; in line by age, and a call larger than the bucket goes when that is full.';

revoke execute on function tollhouse_private.guard_rate_limit(tollhouse_private.route[], timestamptz) from public;

commit;
