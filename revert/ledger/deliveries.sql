-- Revert tollhouse:ledger/deliveries from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.deliveries;

commit;
