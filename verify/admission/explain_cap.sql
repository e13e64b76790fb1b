-- Verify tollhouse:admission/explain_cap on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.explain_cap(tollhouse_private.llm_api_calls, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
