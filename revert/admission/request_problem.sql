-- Revert tollhouse:admission/request_problem from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.request_problem(jsonb);

commit;
