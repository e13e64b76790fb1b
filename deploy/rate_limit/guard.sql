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
  demand as (
    select
      l.*,
      row_number() over line as place,
      sum(l.tokens) over line as tokens_in_line,
      l.max_in_flight - rn.in_flight as free
    from tollhouse_private.rate_limits_of(p_routes, p_now) as l
    left join running as rn on rn.scope = l.scope and rn.target = l.target
    window line as (partition by l.scope, l.target order by l.call_id)
  ),
  wait as (
    select
      d.call_id,
      greatest(
        (d.place - d.requests_now) * 60 / d.requests_per_minute,
        -- A call larger than the bucket goes when the bucket is full.
        (case d.place when 1 then least(d.tokens_in_line, d.tokens_per_minute) else d.tokens_in_line end - d.tokens_now)
          * 60 / d.tokens_per_minute,
        case when d.place > d.free then 0.2 end
      ) as seconds
    from demand as d
  )
  select w.call_id, 'deferred', 'rate_limited', p_now + make_interval(secs => least(60, greatest(0.05, max(w.seconds)))::double precision)
  from wait as w
  group by w.call_id
  having max(w.seconds) > 0;
end
$$;
comment on function tollhouse_private.guard_rate_limit(tollhouse_private.route[], timestamptz) is
  'Defers what is over a limit now until its bucket will have refilled; in line by age.';

revoke execute on function tollhouse_private.guard_rate_limit(tollhouse_private.route[], timestamptz) from public;

commit;
