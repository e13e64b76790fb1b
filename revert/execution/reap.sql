-- Revert tollhouse:execution/reap from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.reap();
drop function tollhouse_private.bound_times(timestamptz);

commit;
