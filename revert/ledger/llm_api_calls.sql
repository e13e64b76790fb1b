-- Revert tollhouse:ledger/llm_api_calls from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.llm_api_calls;

commit;
