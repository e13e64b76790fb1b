-- Revert tollhouse:cache/coalescing from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.guard_coalescing(tollhouse_private.jobs[], timestamptz, tollhouse_private.jobs[]);

commit;
