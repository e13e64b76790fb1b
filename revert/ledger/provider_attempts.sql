-- Revert tollhouse:ledger/provider_attempts from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.provider_attempts;

commit;
