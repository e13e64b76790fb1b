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
  with due as materialized (
    select l.scope, l.target, l.requests_now, l.tokens_now, count(*) as requests, sum(l.tokens) as tokens
    from tollhouse_private.rate_limits_of(p_routes, p_now) as l
    group by l.scope, l.target, l.requests_now, l.tokens_now
  ),
  locked as materialized (
    select rl.scope, rl.target, rl.line
    from tollhouse_private.rate_limits as rl
    where (rl.scope, rl.target) in (select d.scope, d.target from due as d)
    for update skip locked
  ),
  turn as materialized (
    select w.*
    from (select distinct l.scope from locked as l) as s
    cross join lateral tollhouse_private.rate_limit_waits(s.scope, p_routes, array(select (r.job).call_id from unnest(p_routes) as r), p_now) as w
    join locked as l on l.line = w.line
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
    requests_available = coalesce(d.requests_now - d.requests, 0),
    tokens_available = coalesce(d.tokens_now - d.tokens, 0),
    refilled_at = p_now,
    last_tenant_id = (select t.tenant_id from turn as t where t.line = l.line order by t.place desc limit 1)
  from due as d
  join locked as l on l.scope = d.scope and l.target = d.target
  where rl.scope = d.scope
    and rl.target = d.target;
end
$$;
comment on function tollhouse_private.take_rate_limit(tollhouse_private.route[], timestamptz) is
  'Takes the admitted calls out of their buckets, which guard_rate_limit has locked, and notes whose turn it was.';

revoke execute on function tollhouse_private.take_rate_limit(tollhouse_private.route[], timestamptz) from public;

commit;
