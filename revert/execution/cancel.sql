-- Revert tollhouse:execution/cancel from pg

begin;
set local role tollhouse_owner;

drop function tollhouse.cancel(uuid);

commit;
