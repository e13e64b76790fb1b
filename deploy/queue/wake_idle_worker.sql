-- Deploy tollhouse:queue/wake_idle_worker to pg

begin;
set local role tollhouse_owner;

-- NOTIFY serializes commits across the database, so only a sleeping worker is worth one.
create function tollhouse_private.wake_idle_worker()
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from tollhouse_private.workers as w where w.idle) then
    perform tollhouse_private.tell('tollhouse_wake', array['']);
  end if;
end
$$;
comment on function tollhouse_private.wake_idle_worker() is 'Notifies tollhouse_wake if and only if a worker is asleep.';

revoke execute on function tollhouse_private.wake_idle_worker() from public;
grant execute on function tollhouse_private.wake_idle_worker() to tollhouse_engine;

commit;
