-- Revert tollhouse:task_types/task_types from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.candidate_models(text, text);
drop table tollhouse_private.task_types;

commit;
