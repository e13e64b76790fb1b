-- Revert tollhouse:admission/check_call from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.check_call(tollhouse_private.task_types, jsonb, text, text, text, bigint, timestamptz, jsonb, timestamptz);

commit;
