-- Revert tollhouse:admission/explain_ended from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.explain_ended(tollhouse_private.llm_api_calls, timestamptz);

commit;
