-- Revert tollhouse:execution/wait_for from pg

begin;
set local role tollhouse_owner;

drop function tollhouse.wait_for(uuid, interval);

commit;
