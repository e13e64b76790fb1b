-- Revert tollhouse:execution/materialize_budget_optimization from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.materialize_budget_optimization(text, text, uuid, timestamptz, jsonb, jsonb);

commit;
