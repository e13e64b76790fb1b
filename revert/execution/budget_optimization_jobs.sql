-- Revert tollhouse:execution/budget_optimization_jobs from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.budget_optimization_jobs;

commit;
