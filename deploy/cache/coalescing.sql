-- Deploy tollhouse:cache/coalescing to pg

begin;
set local role tollhouse_engine;

-- Every lock on cache_flights is taken in the order of its key, here and in release_flights.
create function tollhouse_private.guard_coalescing(
  p_jobs tollhouse_private.jobs[],
  p_now timestamptz,
  p_batch tollhouse_private.jobs[] default '{}'
)
  returns setof tollhouse_private.verdict
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_candidates tollhouse_private.jobs[];
  v_fresh bigint;
  v_leaders tollhouse_private.jobs[];
begin
  select array_agg(j) into v_candidates from unnest(p_jobs) as j where j.cache_key is not null;
  if v_candidates is null and not exists (select from unnest(p_batch) as j where j.cache_key is not null) then
    return;
  end if;

  -- Waits for a concurrent decision on the same key.
  insert into tollhouse_private.cache_flights (tenant_id, scope, endpoint, cache_key, watermark, call_id)
  select j.tenant_id, j.cache_scope, j.endpoint, j.cache_key, j.watermark, j.call_id
  from unnest(v_candidates) as j
  order by j.tenant_id, j.cache_scope, j.endpoint, j.cache_key, j.watermark, j.call_id
  on conflict do nothing;
  get diagnostics v_fresh = row_count;

  -- The other flights were there before. This lock holds their leaders' outcomes back until this claim is committed, so
  -- that they wake the followers parked here too; and a flight that this claim itself may end (a retried leader that
  -- another guard blocks) is locked now, before breakers and budgets.
  if v_fresh < greatest(cardinality(v_candidates), cardinality(p_batch)) then
    perform
    from (
      select j.tenant_id, j.cache_scope, j.endpoint, j.cache_key, j.watermark
      from unnest(v_candidates || p_batch) as j
      where j.cache_key is not null
      group by 1, 2, 3, 4, 5
      order by 1, 2, 3, 4, 5
    ) as k
    -- A probe of the key for each, here and below: missing statistics can't turn it round.
    cross join lateral (
      select
      from tollhouse_private.cache_flights as cf
      where cf.tenant_id = k.tenant_id and cf.scope = k.cache_scope and cf.endpoint = k.endpoint
        and cf.cache_key = k.cache_key and cf.watermark = k.watermark
      for update
    ) as locked;
  end if;

  -- Each has a flight of its own: all of them lead.
  if v_fresh = cardinality(v_candidates) then
    return query select g.* from tollhouse_private.guard_cache(v_candidates, p_now) as g;
    return;
  end if;

  -- A leader that is not running and that somebody holds may be held for hours: a client cancels it in an open
  -- transaction. The oldest that would wait for it leads instead; if it comes back, it waits as any other call.
  update tollhouse_private.cache_flights as cf
  set call_id = heir.call_id
  from (
    select distinct on (flight.place) flight.place, j.call_id
    from unnest(v_candidates) as j
    cross join lateral (
      select f.ctid as place, f.call_id as leader, (
        select k.state from tollhouse_private.jobs as k where k.tenant_id = f.tenant_id and k.call_id = f.call_id
      ) as state
      from tollhouse_private.cache_flights as f
      where f.tenant_id = j.tenant_id and f.scope = j.cache_scope and f.endpoint = j.endpoint
        and f.cache_key = j.cache_key and f.watermark = j.watermark
      offset 0
    ) as flight
    where flight.leader not in (select b.call_id from unnest(p_batch || p_jobs) as b)
      and flight.state is distinct from 'running'
      and (
        select true from tollhouse_private.jobs as k
        where k.tenant_id = j.tenant_id and k.call_id = flight.leader
        for key share skip locked
      ) is not true
    order by flight.place, j.call_id
    offset 0
  ) as heir
  where cf.ctid = heir.place;

  select array_agg(j) into v_leaders
  from unnest(v_candidates) as j
  where (
    select cf.call_id from tollhouse_private.cache_flights as cf
    where cf.tenant_id = j.tenant_id and cf.scope = j.cache_scope and cf.endpoint = j.endpoint
      and cf.cache_key = j.cache_key and cf.watermark = j.watermark
  ) = j.call_id;

  -- Between the cache guard and this flight, an earlier one may have landed: look again rather than pay twice.
  return query select g.* from tollhouse_private.guard_cache(v_leaders, p_now) as g;

  return query
  select j.call_id, case when flight.leader is null then 'deferred' else 'coalesced' end, null::text, p_now, null::bigint
  from unnest(v_candidates) as j
  cross join lateral (
    select (
      select cf.call_id from tollhouse_private.cache_flights as cf
      where cf.tenant_id = j.tenant_id and cf.scope = j.cache_scope and cf.endpoint = j.endpoint
        and cf.cache_key = j.cache_key and cf.watermark = j.watermark
    ) as leader
    offset 0
  ) as flight
  where flight.leader is distinct from j.call_id;
end
$$;
comment on function tollhouse_private.guard_coalescing(tollhouse_private.jobs[], timestamptz, tollhouse_private.jobs[]) is
  'Lets one call per cache key go on and makes the others wait for its answer, unless that call is neither running nor free to be claimed. p_batch: all calls of the claim, those included that an earlier guard has turned away and that may lead a flight.';

revoke execute on function tollhouse_private.guard_coalescing(tollhouse_private.jobs[], timestamptz, tollhouse_private.jobs[]) from public;

commit;
