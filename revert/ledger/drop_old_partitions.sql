-- Revert tollhouse:ledger/drop_old_partitions from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.drop_old_partitions(timestamptz, timestamptz[]);

commit;
