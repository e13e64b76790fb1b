-- Revert tollhouse:execution/register from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.register(uuid, text, integer, text);

commit;
