-- Revert tollhouse:admission/request_problem from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.sound_request(jsonb);
drop function tollhouse_private.request_problem(jsonb);
drop function tollhouse_private.part_problem(jsonb, text, text);
drop function tollhouse_private.value_fits(jsonb, text);
drop function tollhouse_private.json_problem(jsonb);

commit;
