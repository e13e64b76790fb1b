-- Revert tollhouse:execution/settle from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.settle(tollhouse_private.jobs[], tollhouse_private.attempt_result[], timestamptz);
drop function tollhouse_private.requeue(tollhouse_private.settlement[], timestamptz);
drop function tollhouse_private.append_attempts(tollhouse_private.settlement[], timestamptz);
drop function tollhouse_private.assess(tollhouse_private.jobs[], tollhouse_private.attempt_result[], timestamptz);

commit;
