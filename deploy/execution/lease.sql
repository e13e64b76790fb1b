-- Deploy tollhouse:execution/lease to pg
-- requires: execution/settle
-- requires: queue/workers
-- requires: kill_switch/killed
-- requires: ledger/partitions
-- requires: idempotency/request_keys
-- requires: cache/coalescing

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
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  insert into tollhouse_private.workers (worker_id, name, version, capacity, started_at, alive_until)
  select p_worker_id, left(p_name, 200), left(p_version, 50), p_capacity, now(), now() + s.lease
  from tollhouse_private.settings as s;

  select
    (extract(epoch from s.lease) * 1000)::integer,
    (extract(epoch from s.lease) * 1000 / 3)::integer
  from tollhouse_private.settings as s
$$;
comment on function tollhouse_worker.register(uuid, text, integer, text) is
  'Begins a lease under an id that was never used before; returns how long it lasts and how often to renew it, in milliseconds.';

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
    set alive_until = now() + s.lease, in_flight = p_in_flight
    from tollhouse_private.settings as s
    where w.worker_id = p_worker_id
      and w.alive_until > now()
    returning 1
  )
  select exists (select from renewed)
$$;
comment on function tollhouse_worker.heartbeat(uuid, integer) is
  'Renews the lease of all the calls that the worker holds. False: the lease is lost, its calls are no longer its own.';

create function tollhouse_worker.set_idle(
  p_worker_id uuid,
  p_idle boolean
)
  returns integer
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  update tollhouse_private.workers as w
  set idle = p_idle
  where w.worker_id = p_worker_id
    and w.idle <> p_idle;
  select tollhouse_private.wake_stranded();

  select greatest(0, ceil(extract(epoch from j.run_at - clock_timestamp()) * 1000))::integer
  from tollhouse_private.jobs as j
  where j.state = 'scheduled'
    and j.run_at < clock_timestamp() + interval '1 day'
  order by j.run_at
  limit 1
$$;
comment on function tollhouse_worker.set_idle(uuid, boolean) is
  'Says that the worker is about to sleep and wants tollhouse_wake. It must claim once more after this is committed. Returns in how many milliseconds the next scheduled call is due, null if none is within a day.';

create function tollhouse_worker.calls_to_abort(
  p_worker_id uuid
)
  returns table (
    call_id uuid,
    attempt integer,
    reason text
  )
  language sql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  select j.call_id, j.attempts, case when j.cancel_requested then 'cancelled' else 'aborted' end
  from tollhouse_private.jobs as j
  where j.state = 'running'
    and j.worker_id = p_worker_id
    and (
      j.cancel_requested
      or tollhouse_private.killed(j.tenant_id, j.user_id, j.endpoint, j.provider, j.model)
    )
$$;
comment on function tollhouse_worker.calls_to_abort(uuid) is
  'The worker''s calls in flight that a kill switch matches (aborted) or their caller cancelled (cancelled).';

create function tollhouse_worker.reap()
  returns integer
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_jobs tollhouse_private.jobs[];
begin
  -- A worker that is claiming holds a key-share lock and is passed over.
  delete from tollhouse_private.workers as w
  using (
    select dead.worker_id
    from tollhouse_private.workers as dead
    where dead.alive_until <= v_now
    for update skip locked
  ) as dead
  where w.worker_id = dead.worker_id;

  select coalesce(array_agg(orphan.job), '{}') into v_jobs
  from (
    select j as job
    from tollhouse_private.jobs as j
    where j.state = 'running'
      and not exists (select from tollhouse_private.workers as w where w.worker_id = j.worker_id)
    order by j.call_id
    limit 1000
    for update skip locked
  ) as orphan;

  delete from tollhouse_private.provider_windows as pw
  where not exists (select from tollhouse_private.workers as w where w.worker_id = pw.worker_id)
    and pw.window_start < v_now - interval '1 day';

  perform tollhouse_private.wake_stranded();
  if cardinality(v_jobs) > 0 then
    perform tollhouse_private.settle(v_jobs, array(
      select jsonb_populate_record(null::tollhouse_private.attempt_result, jsonb_build_object(
        'tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'abandoned',
        'error_code', 'abandoned', 'error_message', format('worker %s held it and died', j.worker_id)
      ))
      from unnest(v_jobs) as j
    ), v_now);
    perform tollhouse_private.wake_idle_worker();
  end if;
  return cardinality(v_jobs);
end
$$;
comment on function tollhouse_worker.reap() is
  'Buries workers whose lease is over and books the calls they held as abandoned: charged their reservation, then retried or failed as their endpoint says. Returns how many.';

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
  'Ends the lease; what the worker still held is booked as abandoned at once.';

create function tollhouse_worker.maintain()
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := now();
  v_settings tollhouse_private.settings;
  v_months_in_use timestamptz[] := array(
    select distinct date_trunc('month', j.created_at, 'UTC') from tollhouse_private.jobs as j
  );
begin
  select s.* into v_settings from tollhouse_private.settings as s;
  -- An old call that is not finished yet still needs its month: without it, its outcome could not be written.
  perform tollhouse_private.ensure_partitions(m.month, m.month) from unnest(v_months_in_use) as m (month);
  perform tollhouse_private.ensure_partitions(v_now, v_now + make_interval(months => v_settings.months_ahead));
  perform tollhouse_private.drop_old_partitions(v_now, v_months_in_use);

  delete from tollhouse_private.deliveries as d where d.expires_at <= v_now;
  -- A margin, so that what a guard has just seen fresh is still there when its transaction reads it.
  -- What is locked is passed over, here and below: record locks several rows, in an order of its own.
  delete from tollhouse_private.response_cache as rc
  using (
    select old.tenant_id, old.scope, old.endpoint, old.cache_key, old.watermark
    from tollhouse_private.response_cache as old
    where old.expires_at <= v_now - interval '10 minutes'
    for update skip locked
  ) as old
  where (rc.tenant_id, rc.scope, rc.endpoint, rc.cache_key, rc.watermark)
    = (old.tenant_id, old.scope, old.endpoint, old.cache_key, old.watermark);
  delete from tollhouse_private.breakers as b
  using (
    select healthy.tenant_id, healthy.user_id, healthy.provider
    from tollhouse_private.breakers as healthy
    where healthy.state = 'closed'
      and healthy.consecutive_failures = 0
    for update skip locked
  ) as healthy
  where (b.tenant_id, b.user_id, b.provider) = (healthy.tenant_id, healthy.user_id, healthy.provider);
  delete from tollhouse_private.hourly_spend as hs where hs.hour < v_now - v_settings.ledger_retention;
  delete from tollhouse_private.request_keys as rk
  where rk.created_at < date_trunc('month', v_now - v_settings.ledger_retention, 'UTC')
    and not exists (
      select from tollhouse_private.jobs as j where j.tenant_id = rk.tenant_id and j.call_id = rk.call_id
    );
end
$$;
comment on function tollhouse_worker.maintain() is
  'Hourly upkeep: partitions ahead, what is past its retention, expired answers.';

revoke execute on function tollhouse_worker.register(uuid, text, integer, text) from public;
revoke execute on function tollhouse_worker.heartbeat(uuid, integer) from public;
revoke execute on function tollhouse_worker.set_idle(uuid, boolean) from public;
revoke execute on function tollhouse_worker.calls_to_abort(uuid) from public;
revoke execute on function tollhouse_worker.reap() from public;
revoke execute on function tollhouse_worker.deregister(uuid) from public;
revoke execute on function tollhouse_worker.maintain() from public;
grant execute on function tollhouse_worker.register(uuid, text, integer, text) to tollhouse_worker;
grant execute on function tollhouse_worker.heartbeat(uuid, integer) to tollhouse_worker;
grant execute on function tollhouse_worker.set_idle(uuid, boolean) to tollhouse_worker;
grant execute on function tollhouse_worker.calls_to_abort(uuid) to tollhouse_worker;
grant execute on function tollhouse_worker.reap() to tollhouse_worker;
grant execute on function tollhouse_worker.deregister(uuid) to tollhouse_worker;
grant execute on function tollhouse_worker.maintain() to tollhouse_worker;

commit;
