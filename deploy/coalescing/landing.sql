-- Deploy tollhouse:coalescing/landing to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.land(
  p_calls uuid[],
  p_tenants text[],
  p_keys bytea[],
  p_places tid[]
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_followers tid[];
begin
  delete from tollhouse_private.response_cache as rc
  where rc.ctid = any (p_places)
    and rc.expires_at is null;
  -- Runs with the entries locked, so nobody parks under them any more.
  if (select true from tollhouse_private.jobs as f where f.state = 'coalesced' order by f.cache_key limit 1) is not true then
    return;
  end if;

  -- Skip locked: a claim that looked at a follower just before it was parked still holds it, and may be waiting for us.
  -- What is passed over here, or is more than a transaction should write, is left to wake_followers.
  v_followers := array(
    select f.place
    from unnest(p_tenants, p_keys) as led (tenant_id, cache_key)
    -- One probe of the key each, here and below, even without statistics.
    cross join lateral (
      select k.ctid as place
      from tollhouse_private.jobs as k
      where k.state = 'coalesced' and k.cache_key = led.cache_key and k.tenant_id = led.tenant_id
      for update skip locked
    ) as f
    limit 10000
  );
  if cardinality(v_followers) > 0 then
    update tollhouse_private.jobs as j
    set state = 'queued'
    where j.ctid = any (v_followers);
    perform tollhouse_private.wake_idle_worker();
  end if;
  insert into tollhouse_private.ended_flights (tenant_id, call_id, cache_key)
  select led.tenant_id, led.call_id, led.cache_key
  from unnest(p_calls, p_tenants, p_keys) as led (call_id, tenant_id, cache_key)
  where (
    select true from tollhouse_private.jobs as f
    where f.state = 'coalesced' and f.cache_key = led.cache_key and f.tenant_id = led.tenant_id
    limit 1
  )
  on conflict do nothing;
end
$$;
comment on function tollhouse_private.land(uuid[], text[], bytea[], tid[]) is
  'Removes those of the entries, locked by the caller, that are still pending, and puts the calls waiting for them back into the queue. The arrays are parallel: leader, tenant, key and place of each entry.';

create function tollhouse_private.store_answers(
  p_settlements tollhouse_private.settlement[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_numbers bigint[];
  v_calls uuid[];
  v_tenants text[] collate "C";
  v_keys bytea[];
  v_places tid[];
begin
  -- All of them, whatever their outcome, in one pass in key order.
  select array_agg(k.number), array_agg(k.call_id), array_agg(k.tenant_id), array_agg(k.cache_key), array_agg(locked.place)
  into v_numbers, v_calls, v_tenants, v_keys, v_places
  from (
    select s.ordinality as number, (s.job).call_id, (s.job).tenant_id, (s.job).cache_key
    from unnest(p_settlements) with ordinality as s
    where s.status is not null
      and (s.job).cache_key is not null
    order by 3, 4
  ) as k
  cross join lateral (
    select rc.ctid as place
    from tollhouse_private.response_cache as rc
    where rc.tenant_id = k.tenant_id
      and rc.cache_key = k.cache_key
      -- A call that was sent and then lost its lead to another may bring a newer answer.
      and (rc.call_id = k.call_id or rc.expires_at is not null)
    for update
  ) as locked;
  if v_places is null then
    return;
  end if;

  update tollhouse_private.response_cache as rc
  set
    call_id = kept.call_id,
    provider = kept.provider,
    model = kept.model,
    cost_micro_usd = kept.cost_micro_usd,
    expires_at = kept.expires_at,
    response = kept.response,
    -- A copy is removed once it expires; a mere reference to an answer can wait.
    upkeep_at = case when kept.response is null then rc.upkeep_at else kept.expires_at + interval '10 minutes' end
  from (
    select
      s.place, (s.ended).job.call_id, (s.ended).job.provider, (s.ended).job.model, (s.ended).cost_micro_usd,
      p_now + (s.ended).cache_ttl as expires_at,
      case when (s.ended).capture <> 'full' then (s.ended).result.response end as response
    from (
      select at.place, p_settlements[at.number] as ended from unnest(v_numbers, v_places) as at (number, place) offset 0
    ) as s
    where (s.ended).status = 'success'
      and (s.ended).cache_ttl > '0'
      and (s.ended).capture <> 'none'
    offset 0
  ) as kept
  where rc.ctid = kept.place;

  perform tollhouse_private.land(v_calls, v_tenants, v_keys, v_places);
end
$$;
comment on function tollhouse_private.store_answers(tollhouse_private.settlement[], timestamptz) is
  'Fills the entries of successes for their endpoint''s cache_ttl, unless nothing of them may be kept; removes the entries of other ended calls; and puts the calls waiting for them back into the queue.';

create function tollhouse_private.release_flights(
  p_settlements tollhouse_private.settlement[]
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_calls uuid[];
  v_tenants text[] collate "C";
  v_keys bytea[];
  v_places tid[];
begin
  select array_agg(k.call_id), array_agg(k.tenant_id), array_agg(k.cache_key), array_agg(locked.place)
  into v_calls, v_tenants, v_keys, v_places
  from (
    select (s.job).call_id, (s.job).tenant_id, (s.job).cache_key
    from unnest(p_settlements) as s
    where (s.job).cache_key is not null
      and s.was_cached is not true
    order by 2, 3
  ) as k
  cross join lateral (
    select rc.ctid as place
    from tollhouse_private.response_cache as rc
    where rc.tenant_id = k.tenant_id and rc.cache_key = k.cache_key and rc.call_id = k.call_id and rc.expires_at is null
    for update
  ) as locked;
  if v_places is not null then
    perform tollhouse_private.land(v_calls, v_tenants, v_keys, v_places);
  end if;
end
$$;
comment on function tollhouse_private.release_flights(tollhouse_private.settlement[]) is
  'Removes the entries that calls now turned away were to fill, and puts the calls waiting for them back into the queue.';

revoke execute on function tollhouse_private.land(uuid[], text[], bytea[], tid[]) from public;
revoke execute on function tollhouse_private.store_answers(tollhouse_private.settlement[], timestamptz) from public;
revoke execute on function tollhouse_private.release_flights(tollhouse_private.settlement[]) from public;

commit;
