-- Revert tollhouse:ledger/call_content from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.call_content;

commit;
