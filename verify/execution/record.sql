-- Verify tollhouse:execution/record on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.append_late(uuid, tollhouse_private.attempt_result[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function('tollhouse_worker.record(uuid, jsonb)', 'tollhouse_engine', 'definer', '{tollhouse_worker}');
select tollhouse_private.verify_function('tollhouse_private.unreadable_result(jsonb)', 'tollhouse_engine', 'invoker', '{}');

rollback;
