-- Revert tollhouse:queue/workers from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.workers;

commit;
