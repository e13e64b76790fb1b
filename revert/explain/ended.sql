-- Revert tollhouse:explain/ended from pg

begin;
set local role tollhouse_engine;

drop view tollhouse_ops.explained_calls;
drop function tollhouse_ops.explain_ended(text, uuid, timestamptz);

set local role tollhouse_owner;

drop function tollhouse_private.explain_ended(tollhouse_private.llm_api_calls, timestamptz);
drop function tollhouse_private.explain_blocked(tollhouse_private.llm_api_calls, timestamptz);
drop function tollhouse_private.explain_cap(tollhouse_private.llm_api_calls, timestamptz);

commit;
