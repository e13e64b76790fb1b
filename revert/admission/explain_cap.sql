-- Revert tollhouse:admission/explain_cap from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.explain_cap(tollhouse_private.llm_api_calls, timestamptz);

commit;
