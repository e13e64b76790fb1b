-- Deploy tollhouse:rate_limit/take_rate_limit to pg

begin;
set local role tollhouse_engine;

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

revoke execute on function tollhouse_private.take_rate_limit(tollhouse_private.route[], timestamptz) from public;

commit;
