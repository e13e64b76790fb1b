-- Revert tollhouse:admission/json_problem from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.json_problem(jsonb);

commit;
