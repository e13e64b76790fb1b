-- Revert tollhouse:execution/record from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.record(uuid, jsonb);

commit;
