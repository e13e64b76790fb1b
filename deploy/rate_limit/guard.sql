-- Deploy tollhouse:rate_limit/guard to pg

begin;
set local role tollhouse_engine;

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

revoke execute on function tollhouse_private.guard_rate_limit(tollhouse_private.route[], timestamptz, tollhouse_private.route[]) from public;

commit;
