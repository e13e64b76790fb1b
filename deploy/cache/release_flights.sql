-- Deploy tollhouse:cache/release_flights to pg
-- requires: execution/settlement
-- requires: queue/wake_idle_worker
-- requires: cache/cache_flights
-- requires: cache/ended_flights

begin;
set local role tollhouse_engine;

create function tollhouse_private.release_flights(
  p_settlements tollhouse_private.settlement[]
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_led tollhouse_private.cache_flights[];
begin
  select array_agg(locked.flight) into v_led
  from (
    select cf as flight
    from tollhouse_private.cache_flights as cf
    join (
      select (s.job).* from unnest(p_settlements) as s where (s.job).cache_key is not null offset 0
    ) as j
      on cf.tenant_id = j.tenant_id and cf.scope = j.cache_scope and cf.endpoint = j.endpoint
      and cf.cache_key = j.cache_key and cf.watermark = j.watermark and cf.call_id = j.call_id
    order by cf.tenant_id, cf.scope, cf.endpoint, cf.cache_key, cf.watermark
    for update of cf
  ) as locked;
  if v_led is null then
    return;
  end if;

  delete from tollhouse_private.cache_flights as cf
  using unnest(v_led) as led
  where cf.tenant_id = led.tenant_id and cf.scope = led.scope and cf.endpoint = led.endpoint
    and cf.cache_key = led.cache_key and cf.watermark = led.watermark;

  -- Skip locked: a claim that looked at a follower just before it was parked still holds it, and may be waiting for us.
  -- What is passed over here, or is more than a transaction should write, is left to wake_followers.
  with follower as materialized (
    select f.tenant_id, f.call_id
    from unnest(v_led) as led
    join tollhouse_private.jobs as f
      on f.tenant_id = led.tenant_id and f.cache_key = led.cache_key
      and f.cache_scope = led.scope and f.endpoint = led.endpoint and f.watermark = led.watermark
    where f.state = 'coalesced'
    limit 10000
    for update of f skip locked
  )
  update tollhouse_private.jobs as j
  set state = 'queued'
  from follower
  where j.tenant_id = follower.tenant_id
    and j.call_id = follower.call_id;
  if found then
    perform tollhouse_private.wake_idle_worker();
  end if;
  insert into tollhouse_private.ended_flights (tenant_id, call_id, scope, endpoint, cache_key, watermark)
  select led.tenant_id, led.call_id, led.scope, led.endpoint, led.cache_key, led.watermark
  from unnest(v_led) as led
  where (
    select true from tollhouse_private.jobs as f
    where f.state = 'coalesced' and f.tenant_id = led.tenant_id and f.cache_key = led.cache_key
      and f.cache_scope = led.scope and f.endpoint = led.endpoint and f.watermark = led.watermark
    limit 1
  )
  on conflict do nothing;
end
$$;
comment on function tollhouse_private.release_flights(tollhouse_private.settlement[]) is
  'Ends the flights that these calls led and puts the calls that waited for them back into the queue.';

revoke execute on function tollhouse_private.release_flights(tollhouse_private.settlement[]) from public;

commit;
