-- Revert tollhouse:task_types/task_types from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.task_types;

commit;
