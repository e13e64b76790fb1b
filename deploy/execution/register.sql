-- Deploy tollhouse:execution/register to pg
-- requires: platform/settings
-- requires: ledger/ensure_partitions
-- requires: queue/workers

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
  -- What it will claim and record needs its month, however long no worker was there to make it.
  select tollhouse_private.ensure_partitions(now(), now() + make_interval(months => s.months_ahead))
  from tollhouse_private.settings as s;

  insert into tollhouse_private.workers (worker_id, name, version, capacity, started_at, alive_until)
  select p_worker_id, left(p_name, 200), left(p_version, 50), p_capacity, now(), clock_timestamp() + s.lease
  from tollhouse_private.settings as s;

  select
    (extract(epoch from s.lease) * 1000)::integer,
    (extract(epoch from s.lease) * 1000 / 3)::integer
  from tollhouse_private.settings as s
$$;
comment on function tollhouse_worker.register(uuid, text, integer, text) is
  'Begins a lease under an id that was never used before; returns how long it lasts and how often to renew it, in milliseconds.';

revoke execute on function tollhouse_worker.register(uuid, text, integer, text) from public;
grant execute on function tollhouse_worker.register(uuid, text, integer, text) to tollhouse_worker;

commit;
