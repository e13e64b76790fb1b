-- Revert tollhouse:idempotency/guard from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.existing_calls(tollhouse_private.jobs[]);
drop function tollhouse_private.guard_idempotency(tollhouse_private.jobs[]);

commit;
