-- Deploy tollhouse:cache/release_flights to pg

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
  v_followers tid[];
begin
  -- A probe of a key for each, here and below: missing statistics can't turn it round.
  select array_agg(locked.flight) into v_led
  from (
    select (s.job).tenant_id, (s.job).cache_scope, (s.job).endpoint, (s.job).cache_key, (s.job).watermark, (s.job).call_id
    from unnest(p_settlements) as s
    where (s.job).cache_key is not null
    order by 1, 2, 3, 4, 5
  ) as j
  cross join lateral (
    select cf as flight
    from tollhouse_private.cache_flights as cf
    where cf.tenant_id = j.tenant_id and cf.scope = j.cache_scope and cf.endpoint = j.endpoint
      and cf.cache_key = j.cache_key and cf.watermark = j.watermark and cf.call_id = j.call_id
    for update
  ) as locked;
  if v_led is null then
    return;
  end if;

  delete from tollhouse_private.cache_flights as cf
  where cf.ctid = any (array(
    select (
      select k.ctid from tollhouse_private.cache_flights as k
      where k.tenant_id = led.tenant_id and k.scope = led.scope and k.endpoint = led.endpoint
        and k.cache_key = led.cache_key and k.watermark = led.watermark
    )
    from unnest(v_led) as led
  ));

  -- Skip locked: a claim that looked at a follower just before it was parked still holds it, and may be waiting for us.
  -- What is passed over here, or is more than a transaction should write, is left to wake_followers.
  v_followers := array(
    select f.place
    from unnest(v_led) as led
    cross join lateral (
      select k.ctid as place
      from tollhouse_private.jobs as k
      where k.state = 'coalesced' and k.tenant_id = led.tenant_id and k.cache_key = led.cache_key
        and k.cache_scope = led.scope and k.endpoint = led.endpoint and k.watermark = led.watermark
      for update skip locked
    ) as f
    limit 10000
  );
  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (v_followers);
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
