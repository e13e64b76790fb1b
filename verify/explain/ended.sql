-- Verify tollhouse:explain/ended on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.explain_cap(tollhouse_private.llm_api_calls, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.explain_blocked(tollhouse_private.llm_api_calls, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.explain_ended(tollhouse_private.llm_api_calls, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_ops.explain_ended(text, uuid, timestamptz)',
  'tollhouse_engine', 'definer', '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);
select tollhouse_private.verify_view(
  'tollhouse_ops.explained_calls', 'tollhouse_engine',
  '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
