-- Deploy tollhouse:rate_limit/guard to pg
-- requires: rate_limit/rate_limits
-- requires: admission/verdict

begin;
set local role tollhouse_engine;

create function tollhouse_private.rate_limits_of(
  p_routes tollhouse_private.route[],
  p_now timestamptz
)
  returns table (
    call_id uuid,
    scope text,
    target text,
    tokens integer,
    requests_per_minute integer,
    tokens_per_minute integer,
    max_in_flight integer,
    requests_now numeric,
    tokens_now numeric
  )
  language sql
  stable
as $$
  select
    (r.job).call_id, rl.scope, rl.target,
    (r.job).request_bytes / 4 + (r.job).max_output_tokens,
    rl.requests_per_minute, rl.tokens_per_minute, rl.max_in_flight,
    least(rl.requests_per_minute, rl.requests_available + rl.requests_per_minute * elapsed.minutes),
    least(rl.tokens_per_minute, rl.tokens_available + rl.tokens_per_minute * elapsed.minutes)
  from pg_catalog.unnest(p_routes) as r
  join tollhouse_private.rate_limits as rl
    on (rl.scope = 'tenant' and rl.target = (r.job).tenant_id)
    or (rl.scope = 'provider' and rl.target = r.provider)
    or (rl.scope = 'model' and rl.target = r.model)
  cross join lateral (
    select extract(epoch from greatest(p_now - rl.refilled_at, '0')) / 60 as minutes
  ) as elapsed
$$;
comment on function tollhouse_private.rate_limits_of(tollhouse_private.route[], timestamptz) is
  'The limits that each call falls under, with what their buckets hold now.';

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

create function tollhouse_private.take_rate_limit(
  p_routes tollhouse_private.route[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from tollhouse_private.rate_limits) then
    return;
  end if;

  -- Skip locked: a limit made since the guard looked is not ours to wait for, out of the order of keys.
  with due as materialized (
    select l.scope, l.target, l.requests_now, l.tokens_now, count(*) as requests, sum(l.tokens) as tokens
    from tollhouse_private.rate_limits_of(p_routes, p_now) as l
    group by l.scope, l.target, l.requests_now, l.tokens_now
  ),
  locked as materialized (
    select rl.scope, rl.target
    from tollhouse_private.rate_limits as rl
    where (rl.scope, rl.target) in (select d.scope, d.target from due as d)
    for update skip locked
  )
  update tollhouse_private.rate_limits as rl
  set
    requests_available = coalesce(d.requests_now - d.requests, 0),
    tokens_available = coalesce(d.tokens_now - d.tokens, 0),
    refilled_at = p_now
  from due as d
  join locked as l on l.scope = d.scope and l.target = d.target
  where rl.scope = d.scope
    and rl.target = d.target;
end
$$;
comment on function tollhouse_private.take_rate_limit(tollhouse_private.route[], timestamptz) is
  'Takes the admitted calls out of their buckets, which guard_rate_limit has locked.';

revoke execute on function tollhouse_private.rate_limits_of(tollhouse_private.route[], timestamptz) from public;
revoke execute on function tollhouse_private.guard_rate_limit(tollhouse_private.route[], timestamptz) from public;
revoke execute on function tollhouse_private.take_rate_limit(tollhouse_private.route[], timestamptz) from public;

commit;
