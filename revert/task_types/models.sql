-- Revert tollhouse:task_types/models from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.models;
drop table tollhouse_private.providers;

commit;
