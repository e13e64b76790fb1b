-- Verify tollhouse:execution/append_attempts on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.append_attempts(tollhouse_private.settlement[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
