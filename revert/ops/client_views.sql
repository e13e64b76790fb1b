-- Revert tollhouse:ops/client_views from pg

begin;
set local role tollhouse_owner;

drop view tollhouse.kill_switches;
drop view tollhouse.breakers;
drop view tollhouse.hourly_spend;
drop view tollhouse.hourly_shutoffs;
drop view tollhouse.monthly_budgets;
drop view tollhouse.budget_optimization_jobs;
drop view tollhouse.investigations;
drop view tollhouse.call_content;
drop view tollhouse.provider_attempts;
drop view tollhouse.jobs;
drop view tollhouse.llm_api_calls;

commit;
