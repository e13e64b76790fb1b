-- Deploy tollhouse:coalescing/stranded to pg

begin;
set local role tollhouse_engine;

-- One probe of the key each, and rows by place: fast whatever the table statistics say.
create function tollhouse_private.wake_followers()
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_ended tollhouse_private.ended_flights[];
  v_woken bigint;
begin
  select array_agg(locked.e) into v_ended
  from (select e from tollhouse_private.ended_flights as e limit 1000 for update skip locked) as locked;
  if v_ended is null then
    return;
  end if;

  -- A client that cancels a leader leaves its entry to us: see response_cache.
  delete from tollhouse_private.response_cache as rc
  where rc.ctid = any (array(
    select led.place
    from unnest(v_ended) as e
    cross join lateral (
      select k.ctid as place
      from tollhouse_private.response_cache as k
      where k.tenant_id = e.tenant_id and k.cache_key = e.cache_key and k.call_id = e.call_id and k.expires_at is null
      for update skip locked
    ) as led
  ));

  -- With another leader, they wait for that one.
  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (array(
    select f.place
    from unnest(v_ended) as e
    cross join lateral (
      select k.ctid as place
      from tollhouse_private.jobs as k
      where k.state = 'coalesced' and k.cache_key = e.cache_key and k.tenant_id = e.tenant_id
      for update skip locked
    ) as f
    where (
      select true from tollhouse_private.response_cache as rc
      where rc.tenant_id = e.tenant_id and rc.cache_key = e.cache_key and rc.expires_at is null
    ) is not true
    limit 10000
  ));
  get diagnostics v_woken = row_count;

  -- A skipped one is left for the next run.
  delete from tollhouse_private.ended_flights as ef
  using (
    select e.tenant_id, e.call_id, e.cache_key, (
      select rc.call_id from tollhouse_private.response_cache as rc
      where rc.tenant_id = e.tenant_id and rc.cache_key = e.cache_key and rc.expires_at is null
    ) as leader
    from unnest(v_ended) as e
    offset 0
  ) as e
  where ef.tenant_id = e.tenant_id
    and ef.call_id = e.call_id
    and e.leader is distinct from e.call_id
    and (e.leader is not null or (
      select true from tollhouse_private.jobs as f
      where f.state = 'coalesced' and f.cache_key = e.cache_key and f.tenant_id = e.tenant_id
      limit 1
    ) is not true);
  if v_woken > 0 then
    perform tollhouse_private.tell('tollhouse_wake', array['']);
  end if;
end
$$;
comment on function tollhouse_private.wake_followers() is
  'Removes pending entries whose leader was cancelled, and queues calls still waiting for a leader that has ended, ten thousand at a time.';

create function tollhouse_private.wake_stranded()
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  c_keys constant integer := 500;
  v_first bytea := sha256(uuid_send(gen_random_uuid()));
  v_tenants text[] collate "C";
  v_keys bytea[];
  v_places tid[];
begin
  -- What is waited for, each key once, by one probe of the index for each: from the first one on, and from anywhere.
  with recursive waited (cache_key, tenant_id, turn) as (
    select start.cache_key, '' collate "C", 0 from (values ('\x'::bytea), (v_first)) as start (cache_key)
    union all
    select later.cache_key, later.tenant_id, w.turn + 1
    from waited as w
    cross join lateral (
      select j.cache_key, j.tenant_id
      from tollhouse_private.jobs as j
      where j.state = 'coalesced' and (j.cache_key, j.tenant_id) > (w.cache_key, w.tenant_id)
      order by j.cache_key, j.tenant_id
      limit 1
    ) as later
    where w.turn < c_keys
  )
  select array_agg(w.tenant_id), array_agg(w.cache_key) into v_tenants, v_keys
  from (select distinct w.tenant_id, w.cache_key from waited as w where w.turn > 0) as w;
  if v_keys is null then
    return;
  end if;

  -- A leader that is gone, or is held by a client that cancels it in an open transaction: those that wait go on without it.
  -- Asked before the lock, to lock few, and again under it.
  v_places := array(
    select lost.place
    from unnest(v_tenants, v_keys) as w (tenant_id, cache_key)
    cross join lateral (
      select rc.ctid as place
      from tollhouse_private.response_cache as rc
      where rc.tenant_id = w.tenant_id and rc.cache_key = w.cache_key and rc.expires_at is null
        and tollhouse_private.leader_is_lost(rc.tenant_id, rc.call_id)
      for update skip locked
    ) as lost
  );
  delete from tollhouse_private.response_cache as rc
  where rc.ctid = any (v_places)
    and rc.expires_at is null
    and tollhouse_private.leader_is_lost(rc.tenant_id, rc.call_id);

  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (array(
    select f.place
    from unnest(v_tenants, v_keys) as w (tenant_id, cache_key)
    cross join lateral (
      select k.ctid as place
      from tollhouse_private.jobs as k
      where k.state = 'coalesced' and k.cache_key = w.cache_key and k.tenant_id = w.tenant_id
      for update skip locked
    ) as f
    where (
      select true
      from tollhouse_private.response_cache as rc
      where rc.tenant_id = w.tenant_id and rc.cache_key = w.cache_key and rc.expires_at is null
    ) is not true
    limit 2000
  ));
  if found then
    perform tollhouse_private.tell('tollhouse_wake', array['']);
  end if;
end
$$;
comment on function tollhouse_private.wake_stranded() is
  'Removes pending entries with waiting calls whose leader is gone, or is neither running nor claimable, and puts calls with nothing to wait for back into the queue. Each run covers a bounded, random part of the keys that calls are waiting for.';

revoke execute on function tollhouse_private.wake_followers() from public;
revoke execute on function tollhouse_private.wake_stranded() from public;

commit;
