-- Revert tollhouse:admission/enqueue_calls from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.enqueue_calls(text, text, tollhouse_private.asked_call[], boolean);
drop function tollhouse_private.early_verdicts(tollhouse_private.jobs[], timestamptz);
drop function tollhouse_private.refuse_call(tollhouse_private.asked_call, bigint, timestamptz);

commit;
