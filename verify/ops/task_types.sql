-- Verify tollhouse:ops/task_types on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.check_materializer(text)', 'tollhouse_engine', 'invoker', '{}');
select tollhouse_private.verify_function(
  'tollhouse_ops.set_task_type(text, text, text[], integer, integer, integer, integer, integer, interval, text, text, boolean, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
