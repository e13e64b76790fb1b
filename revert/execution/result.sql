-- Revert tollhouse:execution/result from pg

begin;
set local role tollhouse_owner;

drop function tollhouse.wait_for(uuid, interval);
drop function tollhouse.result(uuid);

commit;
