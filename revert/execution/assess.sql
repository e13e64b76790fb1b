-- Revert tollhouse:execution/assess from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.assess(tollhouse_private.work[], tollhouse_private.attempt_result[], timestamptz);

commit;
