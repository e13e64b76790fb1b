-- Revert tollhouse:queue/pick from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.pick(text, integer);

commit;
