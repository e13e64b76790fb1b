-- Revert tollhouse:queue/guard_cancelled from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.guard_cancelled(tollhouse_private.work[]);

commit;
