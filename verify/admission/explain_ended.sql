-- Verify tollhouse:admission/explain_ended on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.explain_ended(tollhouse_private.llm_api_calls, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
