-- Revert tollhouse:execution/materializers from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.materialize_budget_optimization(text, text, uuid, timestamptz, jsonb, jsonb);
drop table tollhouse_private.budget_optimization_jobs;
drop function tollhouse_private.materialize_investigation(text, text, uuid, timestamptz, jsonb, jsonb);
drop table tollhouse_private.investigations;
drop function tollhouse_private.question_of(jsonb);

commit;
