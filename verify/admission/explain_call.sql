-- Verify tollhouse:admission/explain_call on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.explain_call(tollhouse_private.request_keys, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
