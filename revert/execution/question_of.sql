-- Revert tollhouse:execution/question_of from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.question_of(jsonb);

commit;
