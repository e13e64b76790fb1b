-- Verify tollhouse:execution/begin_attempts on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.begin_attempts(uuid, tollhouse_private.route[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
