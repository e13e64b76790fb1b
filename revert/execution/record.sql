-- Revert tollhouse:execution/record from pg

begin;
set local role tollhouse_engine;

drop procedure tollhouse_worker.record_and_claim(uuid, jsonb, integer, jsonb);
drop function tollhouse_worker.record(uuid, jsonb);

commit;
