-- Deploy tollhouse:execution/deregister to pg

begin;
set local role tollhouse_engine;

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
  'Ends the lease; what the worker still held is booked as abandoned, as by reap.';

revoke execute on function tollhouse_worker.deregister(uuid) from public;
grant execute on function tollhouse_worker.deregister(uuid) to tollhouse_worker;

commit;
