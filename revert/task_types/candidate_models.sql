-- Revert tollhouse:task_types/candidate_models from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.candidate_models(text, text);

commit;
