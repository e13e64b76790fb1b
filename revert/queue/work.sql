-- Revert tollhouse:queue/work from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.work_of(tollhouse_private.jobs, tid);
drop type tollhouse_private.work;

commit;
