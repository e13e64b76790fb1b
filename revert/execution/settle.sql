-- Revert tollhouse:execution/settle from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.settle(tollhouse_private.settlement[], timestamptz, tollhouse_private.due[], tollhouse_private.overrun[]);
drop type tollhouse_private.overrun;
drop function tollhouse_private.without_answers(tollhouse_private.settlement[]);
drop function tollhouse_private.learn_overrun(text, uuid, numeric, timestamptz);
drop function tollhouse_private.requeue(tollhouse_private.settlement[], timestamptz);
drop function tollhouse_private.append_attempts(tollhouse_private.settlement[], timestamptz);
drop function tollhouse_private.assess(tollhouse_private.settlement[], timestamptz);
drop function tollhouse_private.without_text(tollhouse_private.attempt_result);

commit;
