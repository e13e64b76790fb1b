-- Revert tollhouse:admission/decide from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.decide(tollhouse_private.work[], timestamptz);

commit;
