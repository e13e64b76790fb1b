-- Revert tollhouse:admission/request_problem from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.request_problem(jsonb);
drop function tollhouse_private.part_problem(jsonb, text, text);
drop function tollhouse_private.value_fits(jsonb, text);

commit;
