-- Revert tollhouse:cache/guard from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.guard_cache(tollhouse_private.jobs[], timestamptz);

commit;
