-- Revert tollhouse:queue/jobs from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.jobs;

commit;
