-- Revert tollhouse:coalescing/guard from pg

begin;

drop function tollhouse_private.guard_coalescing(tollhouse_private.work[], timestamptz, tollhouse_private.work[]);
drop function tollhouse_private.leader_is_lost(text, uuid);

commit;
