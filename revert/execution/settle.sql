-- Revert tollhouse:execution/settle from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.settle(tollhouse_private.work[], tollhouse_private.attempt_result[], timestamptz);
drop function tollhouse_private.without_answers(tollhouse_private.settlement[]);

commit;
