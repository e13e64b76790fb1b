-- Deploy tollhouse:rate_limit/rate_limit_waits to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.rate_limit_waits(
  p_scope text,
  p_routes tollhouse_private.route[],
  p_admitted uuid[],
  p_now timestamptz
)
  returns table (
    tenant_id text,
    user_id text,
    call_id uuid,
    target text,
    line text,
    place bigint,
    refill numeric,
    slot numeric
  )
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  with here as materialized (
    select l.*, l.call_id = any (p_admitted) as admitted, false as away
    from tollhouse_private.rate_limits_of(p_routes, p_now) as l
    where l.scope = p_scope
  ),
  bucket as materialized (
    select h.line, h.target, h.last_tenant_id, h.max_in_flight, count(*)::integer as calls from here as h group by 1, 2, 3, 4
  ),
  running as materialized (
    select b.line, count(j.call_id) as in_flight
    from bucket as b
    left join tollhouse_private.jobs as j
      on j.state = 'running'
      and b.target = case p_scope when 'tenant' then j.tenant_id when 'provider' then j.provider else j.model end
    where b.max_in_flight is not null
    group by b.line
  ),
  -- Of those that are not looked at now, the one whose turn is next keeps its place.
  ahead as materialized (
    select distinct on (b.line) b.line, n.tenant_id, n.user_id, n.call_id, n.tokens
    from bucket as b
    cross join lateral tollhouse_private.next_in_line(b.line, b.last_tenant_id, least(b.calls + 1, 50)) as n
    where n.call_id not in (select h.call_id from here as h)
    order by b.line, n.turn
  ),
  standing as (
    select h.* from here as h
    union all
    select
      a.tenant_id, a.user_id, a.call_id, any_one.scope, any_one.target, any_one.line, any_one.last_tenant_id, a.tokens,
      any_one.requests_per_minute, any_one.tokens_per_minute, any_one.max_in_flight, any_one.requests_now, any_one.tokens_now,
      false, true
    from ahead as a
    cross join lateral (select h.* from here as h where h.line = a.line limit 1) as any_one
  ),
  by_user as (
    select
      s.*, coalesce(s.user_id <= t.last_user_id, false) as had_a_turn,
      row_number() over (partition by s.line, s.tenant_id, s.user_id order by s.admitted desc, s.call_id) as user_round
    from standing as s
    left join tollhouse_private.turns as t on t.tenant_id = s.tenant_id and t.line = s.line
  ),
  by_tenant as (
    select
      u.*,
      row_number() over (
        partition by u.line, u.tenant_id order by u.admitted desc, u.user_round, u.had_a_turn, u.user_id collate "C"
      ) as tenant_round
    from by_user as u
  ),
  demand as (
    select
      b.*, row_number() over the_line as place, sum(least(b.tokens, b.tokens_per_minute)) over the_line as tokens_in_line
    from by_tenant as b
    window the_line as (
      partition by b.line order by b.admitted desc, b.tenant_round, b.tenant_id collate "C" <= b.last_tenant_id, b.tenant_id collate "C"
    )
  )
  select
    d.tenant_id, d.user_id, d.call_id, d.target, d.line, d.place,
    greatest(
      (d.place - d.requests_now) * 60 / d.requests_per_minute,
      (d.tokens_in_line - d.tokens_now) * 60 / d.tokens_per_minute
    ) as refill,
    case when d.place > d.max_in_flight - r.in_flight
      then 0.2 * ceil((d.place - d.max_in_flight + r.in_flight)::numeric / d.max_in_flight)
    end as slot
  from demand as d
  left join running as r on r.line = d.line
  where not d.away;
end
$$;
comment on function tollhouse_private.rate_limit_waits(text, tollhouse_private.route[], uuid[], timestamptz) is
  'For each call that falls under a limit of this scope: its place in the line, and the seconds until its turn has refilled in the bucket, and until one of the calls in flight may have ended; zero, negative or null: no wait. The line goes by turns over the tenants, and over the users of each; before all stand those that this claim has admitted already.';

revoke execute on function tollhouse_private.rate_limit_waits(text, tollhouse_private.route[], uuid[], timestamptz) from public;

commit;
