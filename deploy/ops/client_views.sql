-- Deploy tollhouse:ops/client_views to pg

begin;
set local role tollhouse_owner;

-- Each runs with its reader's privileges: a tenant sees its own rows, an operator everybody's.
create view tollhouse.llm_api_calls with (security_invoker = true) as
select * from tollhouse_private.llm_api_calls;
comment on view tollhouse.llm_api_calls is 'The ledger: one row per finished call.';

create view tollhouse.jobs with (security_invoker = true) as
select
  j.tenant_id, j.user_id, j.call_id, j.created_at, j.endpoint, j.request_id, j.state, j.run_at, j.waits_for,
  j.attempts - j.unsent as attempts, j.provider, j.model, j.started_at, j.reserved_micro_usd, j.spent_micro_usd,
  exists (
    select from tollhouse_private.cancel_requests as cr where cr.tenant_id = j.tenant_id and cr.call_id = j.call_id
  ) as cancel_requested,
  j.error_code, j.error_message,
  case when tollhouse_private.keeps_content(j.tenant_id, j.endpoint) then j.request end as request
from tollhouse_private.jobs as j;
comment on view tollhouse.jobs is 'Unfinished calls. request is null unless tenant and endpoint allow it to be kept.';

create view tollhouse.provider_attempts with (security_invoker = true) as
select * from tollhouse_private.provider_attempts;
comment on view tollhouse.provider_attempts is 'One row per billable HTTP attempt.';

create view tollhouse.call_content with (security_invoker = true) as
select * from tollhouse_private.call_content;
comment on view tollhouse.call_content is 'Requests and responses, as far as they are kept.';

create view tollhouse.investigations with (security_invoker = true) as
select * from tollhouse_private.investigations;
comment on view tollhouse.investigations is 'Findings of the endpoint investigation.';

create view tollhouse.budget_optimization_jobs with (security_invoker = true) as
select * from tollhouse_private.budget_optimization_jobs;
comment on view tollhouse.budget_optimization_jobs is 'Recommendations of the endpoint budget_optimization.';

create view tollhouse.monthly_budgets with (security_invoker = true) as
select
  tenant_id, user_id, month, cap_micro_usd, reserved_micro_usd, spent_micro_usd,
  cap_micro_usd - reserved_micro_usd - spent_micro_usd as left_micro_usd,
  pg_catalog.round(spent_micro_usd / 1000000.0, 2) as spent_usd
from tollhouse_private.monthly_budgets;
comment on view tollhouse.monthly_budgets is 'Caps, reservations and spend per month; an empty user_id is the tenant as a whole, visible to its administrator.';

create view tollhouse.hourly_shutoffs with (security_invoker = true) as
select * from tollhouse_private.hourly_shutoffs;
comment on view tollhouse.hourly_shutoffs is 'Hourly thresholds, and when a shutoff ends.';

create view tollhouse.hourly_spend with (security_invoker = true) as
select tenant_id, user_id, hour, calls, spent_micro_usd from tollhouse_private.hourly_spend;
comment on view tollhouse.hourly_spend is 'Attempts and spend per hour; an empty user_id is the tenant as a whole, visible to its administrator.';

create view tollhouse.breakers with (security_invoker = true) as
select tenant_id, user_id, provider, state, consecutive_failures, opened_at, open_until, reason from tollhouse_private.breakers;
comment on view tollhouse.breakers is 'Breakers per user and provider; no row means closed.';

create view tollhouse.kill_switches with (security_invoker = true) as
select scope, tenant_id, target, reason, set_at from tollhouse_private.kill_switches;
comment on view tollhouse.kill_switches is 'Kill switches in force, and why.';

grant select on
  tollhouse.llm_api_calls, tollhouse.jobs, tollhouse.provider_attempts, tollhouse.call_content,
  tollhouse.investigations, tollhouse.budget_optimization_jobs, tollhouse.monthly_budgets,
  tollhouse.hourly_shutoffs, tollhouse.hourly_spend, tollhouse.breakers, tollhouse.kill_switches
  to tollhouse_client, tollhouse_operator, tollhouse_auditor;
-- Not the views of calls: the monitor has its own in tollhouse_ops, without requests and responses.
grant select on
  tollhouse.monthly_budgets, tollhouse.hourly_shutoffs, tollhouse.hourly_spend, tollhouse.breakers, tollhouse.kill_switches
  to tollhouse_monitor;

commit;
