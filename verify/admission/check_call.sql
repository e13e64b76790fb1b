-- Verify tollhouse:admission/check_call on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.check_call(tollhouse_private.task_types, jsonb, text, text, text, bigint, timestamptz, jsonb, timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
