-- Revert tollhouse:ops/explain_ended from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.explain_ended(tollhouse_private.llm_api_calls);

commit;
