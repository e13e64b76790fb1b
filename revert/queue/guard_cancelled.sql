-- Revert tollhouse:queue/guard_cancelled from pg

begin;

drop function tollhouse_private.guard_cancelled(tollhouse_private.jobs[]);

commit;
