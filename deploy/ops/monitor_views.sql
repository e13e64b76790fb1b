-- Deploy tollhouse:ops/monitor_views to pg

begin;
set local role tollhouse_engine;

-- tollhouse.llm_api_calls, jobs and provider_attempts without requests and responses.
create view tollhouse_ops.finished_calls with (security_invoker = true) as
select
  tenant_id, call_id, created_at, finished_at, user_id, endpoint, request_id, status, blocked_reason, was_cached, was_coalesced,
  provider_attempted, attempts, provider, model, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
  cost_micro_usd, cost_basis, saved_micro_usd, refused_micro_usd, latency_ms, error_code
from tollhouse_private.llm_api_calls;
comment on view tollhouse_ops.finished_calls is 'The ledger as far as monitoring may read it: numbers and names.';

create view tollhouse_ops.unfinished_calls with (security_invoker = true) as
select
  tenant_id, call_id, created_at, user_id, endpoint, request_id, request_bytes, state, run_at, waits_for,
  attempts - unsent as attempts, worker_id, provider, model, started_at, reserved_micro_usd, spent_micro_usd, error_code
from tollhouse_private.jobs;
comment on view tollhouse_ops.unfinished_calls is 'The queue as far as monitoring may read it: numbers and names.';

create view tollhouse_ops.attempts with (security_invoker = true) as
select
  tenant_id, call_id, attempt, late, created_at, started_at, finished_at, user_id, endpoint, provider, model, worker_id,
  outcome, sent, http_status, error_code, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
  cost_micro_usd, cost_basis, budget_month, latency_ms
from tollhouse_private.provider_attempts;
comment on view tollhouse_ops.attempts is 'Attempts as far as monitoring may read them: numbers and names.';

grant select on tollhouse_ops.finished_calls, tollhouse_ops.unfinished_calls, tollhouse_ops.attempts
  to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
