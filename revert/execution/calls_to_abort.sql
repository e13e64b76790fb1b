-- Revert tollhouse:execution/calls_to_abort from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.calls_to_abort(uuid);

commit;
