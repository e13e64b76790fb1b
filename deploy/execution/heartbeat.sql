-- Deploy tollhouse:execution/heartbeat to pg

begin;
set local role tollhouse_engine;

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
  'Renews the lease of all the calls that the worker holds. False: the lease is lost, its calls are no longer its own.';

revoke execute on function tollhouse_worker.heartbeat(uuid, integer) from public;
grant execute on function tollhouse_worker.heartbeat(uuid, integer) to tollhouse_worker;

commit;
