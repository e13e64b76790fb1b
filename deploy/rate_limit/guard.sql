-- Deploy tollhouse:rate_limit/guard to pg
-- requires: queue/jobs
-- requires: admission/verdict
-- requires: rate_limit/rate_limits
-- requires: rate_limit/rate_limits_of
-- requires: rate_limit/rate_limit_waits

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
  with wait as materialized (
    select w.* from tollhouse_private.rate_limit_waits(p_routes, p_now) as w
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
        select
        from tollhouse_private.jobs as j
        where j.tenant_id = rl.first_tenant_id and j.call_id = rl.first_call_id and j.state in ('scheduled', 'queued')
          and (f.call_id is null or j.call_id < f.call_id)
          and j.call_id not in (select w.call_id from wait as w)
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
