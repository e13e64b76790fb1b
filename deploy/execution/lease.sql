-- Deploy tollhouse:execution/lease to pg

begin;
set local role tollhouse_engine;

create function tollhouse_worker.register(
  p_worker_id uuid,
  p_name text,
  p_capacity integer,
  p_version text
)
  returns table (
    lease_ms integer,
    heartbeat_ms integer
  )
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_name constant text collate "C" := register.p_name;
  p_version constant text collate "C" := register.p_version;
  v_settings tollhouse_private.settings;
begin
  if p_worker_id is null
    or (tollhouse_private.has_visible(p_name) and tollhouse_private.has_visible(p_version)) is not true
    or (p_capacity between 1 and 100000) is not true
  then
    raise exception using errcode = 'TH203', message = 'bad registration',
      detail = format('worker %s, name %L, version %L, capacity %s', coalesce(p_worker_id::text, 'null'),
        left(p_name, 200), left(p_version, 50), coalesce(p_capacity::text, 'null')),
      hint = 'A worker has an id, a name, a version and a capacity of 1 to 100000.';
  end if;
  select s.* into v_settings from tollhouse_private.settings as s;
  -- What it will claim and record needs its month, however long no worker was there to make it.
  perform tollhouse_private.ensure_partitions(now(), now() + make_interval(months => v_settings.months_ahead));

  insert into tollhouse_private.workers (worker_id, name, version, capacity, started_at, alive_until)
  values (p_worker_id, left(p_name, 200), left(p_version, 50), p_capacity, now(), clock_timestamp() + v_settings.lease)
  on conflict do nothing;
  if not found then
    raise exception using errcode = 'TH203', message = 'worker id taken', detail = format('worker %s', p_worker_id),
      hint = 'Register under a new id: an id can''t be reused.';
  end if;

  lease_ms := extract(epoch from v_settings.lease) * 1000;
  heartbeat_ms := extract(epoch from v_settings.lease) * 1000 / 3;
  return next;
end
$$;
comment on function tollhouse_worker.register(uuid, text, integer, text) is
  'Begins a lease under an id never used before; returns its length and how often to renew it, both in milliseconds. Raises TH203 for a bad registration, and for an id that is taken.';

revoke execute on function tollhouse_worker.register(uuid, text, integer, text) from public;
grant execute on function tollhouse_worker.register(uuid, text, integer, text) to tollhouse_worker;

create function tollhouse_worker.heartbeat(
  p_worker_id uuid,
  p_in_flight integer
)
  returns boolean
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  with renewed as (
    update tollhouse_private.workers as w
    set alive_until = now() + s.lease, in_flight = greatest(0, coalesce(p_in_flight, w.in_flight))
    from tollhouse_private.settings as s
    where w.worker_id = p_worker_id
      and w.alive_until > now()
    returning 1
  )
  select exists (select from renewed)
$$;
comment on function tollhouse_worker.heartbeat(uuid, integer) is
  'Renews the worker''s lease, which covers all its calls. False: the lease is lost, and so are its calls.';

revoke execute on function tollhouse_worker.heartbeat(uuid, integer) from public;
grant execute on function tollhouse_worker.heartbeat(uuid, integer) to tollhouse_worker;

create function tollhouse_worker.deregister(
  p_worker_id uuid
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  delete from tollhouse_private.workers as w where w.worker_id = p_worker_id;
  perform tollhouse_worker.reap();
end
$$;
comment on function tollhouse_worker.deregister(uuid) is
  'Ends the lease; calls the worker still holds are booked as abandoned, as by reap.';

revoke execute on function tollhouse_worker.deregister(uuid) from public;
grant execute on function tollhouse_worker.deregister(uuid) to tollhouse_worker;

commit;
