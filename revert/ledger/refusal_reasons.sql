-- Revert tollhouse:ledger/refusal_reasons from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.refusing_guard(text);
drop table tollhouse_private.refusal_reasons;

commit;
