-- Revert tollhouse:admission/explain_blocked from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.explain_blocked(tollhouse_private.llm_api_calls, timestamptz);

commit;
