-- Deploy tollhouse:rate_limit/guard to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.rate_limits_of(
  p_routes tollhouse_private.route[],
  p_now timestamptz
)
  returns table (
    tenant_id text,
    user_id text,
    call_id uuid,
    scope text,
    target text,
    line text,
    last_tenant_id text,
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
  with asked as materialized (
    select
      (r.job).tenant_id, (r.job).user_id, (r.job).call_id, (r.job).request_bytes / 4 + (r.job).max_output_tokens as tokens,
      r.provider, r.model
    from pg_catalog.unnest(p_routes) as r
  ),
  -- Once for all calls: every claim writes these rows, and an old snapshot keeps what they were.
  known as materialized (
    select rl.*, extract(epoch from greatest(p_now - rl.refilled_at, '0')) / 60 as minutes
    from (
      select distinct k.scope, k.target
      from asked as a
      cross join lateral (values ('tenant', a.tenant_id), ('provider', a.provider), ('model', a.model)) as k (scope, target)
    ) as key
    -- One probe of the key each, even without statistics.
    cross join lateral (
      select k.* from tollhouse_private.rate_limits as k where k.scope = key.scope collate "C" and k.target = key.target offset 0
    ) as rl
  )
  select
    a.tenant_id, a.user_id, a.call_id, rl.scope, rl.target, rl.line, rl.last_tenant_id, a.tokens,
    rl.requests_per_minute, rl.tokens_per_minute, rl.max_in_flight,
    least(rl.requests_per_minute, rl.requests_available + rl.requests_per_minute * rl.minutes),
    least(rl.tokens_per_minute, rl.tokens_available + rl.tokens_per_minute * rl.minutes)
  from asked as a
  cross join lateral (values ('tenant', a.tenant_id), ('provider', a.provider), ('model', a.model)) as k (scope, target)
  join known as rl on rl.scope = k.scope and rl.target = k.target
$$;
comment on function tollhouse_private.rate_limits_of(tollhouse_private.route[], timestamptz) is
  'The limits that each call falls under, with what their buckets hold now.';

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

create function tollhouse_private.guard_rate_limit(
  p_routes tollhouse_private.route[],
  p_now timestamptz,
  p_admitted tollhouse_private.route[] default '{}'
)
  returns setof tollhouse_private.verdict
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_scope text;
  v_admitted uuid[] := array(select (r.job).call_id from unnest(p_admitted) as r);
  v_routes tollhouse_private.route[] := p_admitted || p_routes;
  v_tight text[];
  v_deferred tollhouse_private.verdict[];
begin
  if not exists (select from tollhouse_private.rate_limits) then
    return;
  end if;

  -- Locked in the order of the key. Where all fit at once, and nobody stands in line, there are no turns to be found.
  select array_agg(distinct due.scope) into v_tight
  from (
    select u.scope, u.target, count(*) as calls, sum((r.job).request_bytes / 4 + (r.job).max_output_tokens) as tokens
    from unnest(v_routes) as r
    cross join lateral (values ('tenant' collate "C", (r.job).tenant_id), ('provider', r.provider), ('model', r.model)) as u (scope, target)
    group by u.scope, u.target
    order by u.scope, u.target
    offset 0
  ) as due
  cross join lateral (
    select rl.*, extract(epoch from greatest(p_now - rl.refilled_at, '0')) / 60 as minutes
    from tollhouse_private.rate_limits as rl
    where rl.scope = due.scope and rl.target = due.target
    for update
  ) as held
  where (
    (held.requests_per_minute is null
      or due.calls <= least(held.requests_per_minute, held.requests_available + held.requests_per_minute * held.minutes))
    and (held.tokens_per_minute is null
      or due.tokens <= least(held.tokens_per_minute, held.tokens_available + held.tokens_per_minute * held.minutes))
    and held.max_in_flight is null
    and (select true from tollhouse_private.jobs as j where j.line = held.line limit 1) is not true
  ) is not true;
  if v_tight is null then
    return;
  end if;

  -- The tenants' own first: what they hold back takes no place in the line of a provider.
  foreach v_scope in array array['tenant', 'provider', 'model'] loop
    continue when v_scope <> all (v_tight);
    v_deferred := array(
      select row(
        w.call_id, 'deferred', w.line, p_now + make_interval(secs => least(60, greatest(0.05, w.refill, w.slot))::double precision), null
      )::tollhouse_private.verdict
      from tollhouse_private.rate_limit_waits(v_scope, v_routes, v_admitted, p_now) as w
      where greatest(w.refill, w.slot) > 0
        and w.call_id <> all (v_admitted)
    );
    v_routes := tollhouse_private.undecided(v_routes, v_deferred);
    return query select d.* from unnest(v_deferred) as d;
  end loop;
end
$$;
comment on function tollhouse_private.guard_rate_limit(tollhouse_private.route[], timestamptz, tollhouse_private.route[]) is
  'Defers what is over a limit now until its bucket will have refilled; in line by turns, and a call larger than the bucket goes when that is full. p_admitted: calls of this claim that are admitted already.';

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
  with locked as materialized (
    select due.calls, due.tokens, due.tenants, held.*
    from (
      select
        u.scope, u.target, count(*) as calls, sum((r.job).request_bytes / 4 + (r.job).max_output_tokens) as tokens,
        array_agg((r.job).tenant_id order by r.ordinality desc) as tenants
      from unnest(p_routes) with ordinality as r
      cross join lateral (values ('tenant' collate "C", (r.job).tenant_id), ('provider', r.provider), ('model', r.model)) as u (scope, target)
      group by u.scope, u.target
      order by u.scope, u.target
      offset 0
    ) as due
    cross join lateral (
      select
        rl.ctid as place, rl.scope, rl.line,
        least(rl.requests_per_minute, rl.requests_available + rl.requests_per_minute * gone.minutes) as requests_now,
        least(rl.tokens_per_minute, rl.tokens_available + rl.tokens_per_minute * gone.minutes) as tokens_now
      from tollhouse_private.rate_limits as rl
      cross join lateral (select extract(epoch from greatest(p_now - rl.refilled_at, '0')) / 60 as minutes) as gone
      where rl.scope = due.scope and rl.target = due.target
      for update of rl skip locked
    ) as held
  ),
  -- Whose turn it was matters only to calls in line.
  lined as materialized (
    select l.scope, l.line
    from locked as l
    where (select true from tollhouse_private.jobs as j where j.line = l.line limit 1)
  ),
  turn as materialized (
    select w.*
    from (select distinct l.scope from lined as l) as s
    cross join lateral tollhouse_private.rate_limit_waits(s.scope, p_routes, array(select (r.job).call_id from unnest(p_routes) as r), p_now) as w
    join lined as l on l.line = w.line
  ),
  -- Written under the lock of the limit, so nobody waits for them.
  noted as (
    insert into tollhouse_private.turns as tu (tenant_id, line, last_user_id)
    select distinct on (t.tenant_id, t.line) t.tenant_id, t.line, t.user_id
    from turn as t
    order by t.tenant_id, t.line, t.place desc
    on conflict (tenant_id, line) do update
    set last_user_id = excluded.last_user_id
    where tu.last_user_id <> excluded.last_user_id
  )
  update tollhouse_private.rate_limits as rl
  set
    requests_available = coalesce(l.requests_now - l.calls, 0),
    tokens_available = coalesce(l.tokens_now - l.tokens, 0),
    refilled_at = p_now,
    last_tenant_id = coalesce((select t.tenant_id from turn as t where t.line = l.line order by t.place desc limit 1), l.tenants[1])
  from locked as l
  where rl.line = l.line;
end
$$;
comment on function tollhouse_private.take_rate_limit(tollhouse_private.route[], timestamptz) is
  'Takes the admitted calls out of their buckets, which guard_rate_limit has locked, and notes whose turn it was.';

revoke execute on function tollhouse_private.rate_limits_of(tollhouse_private.route[], timestamptz) from public;
revoke execute on function tollhouse_private.rate_limit_waits(text, tollhouse_private.route[], uuid[], timestamptz) from public;
revoke execute on function tollhouse_private.guard_rate_limit(tollhouse_private.route[], timestamptz, tollhouse_private.route[]) from public;
revoke execute on function tollhouse_private.take_rate_limit(tollhouse_private.route[], timestamptz) from public;

commit;
