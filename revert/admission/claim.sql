-- Revert tollhouse:admission/claim from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.claim(uuid, integer);

commit;
