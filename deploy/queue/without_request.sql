-- Deploy tollhouse:queue/without_request to pg

begin;
set local role tollhouse_engine;

-- Inlined, it leaves the request unread where the row is stored: a batch in an array stays small, whatever is asked.
create function tollhouse_private.without_request(
  p_job tollhouse_private.jobs
)
  returns tollhouse_private.jobs
  language sql
  immutable
as $$
  select row(
    p_job.tenant_id, p_job.call_id, p_job.user_id, p_job.endpoint, p_job.request_id, p_job.created_at,
    p_job.fingerprint, p_job.request_bytes, p_job.max_output_tokens, p_job.requested_model, p_job.max_cost_micro_usd,
    p_job.cache_key, p_job.cache_scope, p_job.watermark, p_job.state, p_job.run_at, p_job.waits_for, p_job.attempts,
    p_job.unsent, p_job.worker_id, p_job.started_at, p_job.provider, p_job.model, p_job.price,
    p_job.reserved_micro_usd, p_job.budget_month, p_job.spent_micro_usd, p_job.need_micro_usd, p_job.cost_basis,
    p_job.provider_attempted, p_job.error_code, p_job.error_message, p_job.metadata, null, p_job.line
  )::tollhouse_private.jobs
$$;
comment on function tollhouse_private.without_request(tollhouse_private.jobs) is
  'The job, its request left where it is stored.';

revoke execute on function tollhouse_private.without_request(tollhouse_private.jobs) from public;

commit;
