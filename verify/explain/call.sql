-- Verify tollhouse:explain/call on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.explain_call(tollhouse_private.request_keys, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);
select tollhouse_private.verify_function('tollhouse.explain(text, text, text)', 'tollhouse_owner', 'definer', '{tollhouse_client}');
select tollhouse_private.verify_function(
  'tollhouse_ops.explain(text, text, text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator, tollhouse_auditor}'
);

rollback;
