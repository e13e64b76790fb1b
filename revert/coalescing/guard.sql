-- Revert tollhouse:coalescing/guard from pg

begin;

drop function tollhouse_private.guard_coalescing(tollhouse_private.jobs[], timestamptz, tollhouse_private.jobs[]);
drop function tollhouse_private.leader_is_lost(text, uuid);

commit;
