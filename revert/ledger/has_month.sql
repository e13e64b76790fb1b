-- Revert tollhouse:ledger/has_month from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.has_month(timestamptz);

commit;
