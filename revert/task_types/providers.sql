-- Revert tollhouse:task_types/providers from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.providers;

commit;
