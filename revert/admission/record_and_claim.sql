-- Revert tollhouse:admission/record_and_claim from pg

begin;
set local role tollhouse_engine;

drop procedure tollhouse_worker.record_and_claim(uuid, jsonb, integer, jsonb);

commit;
