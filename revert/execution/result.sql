-- Revert tollhouse:execution/result from pg

begin;
set local role tollhouse_owner;

drop function tollhouse.result(uuid);

commit;
