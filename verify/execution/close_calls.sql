-- Verify tollhouse:execution/close_calls on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.close_calls(tollhouse_private.settlement[], timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
