-- Deploy tollhouse:execution/append_attempts to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.append_attempts(
  p_settlements tollhouse_private.settlement[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into tollhouse_private.provider_attempts (
    tenant_id, call_id, attempt, late, created_at, started_at, finished_at, user_id, endpoint, provider, model,
    worker_id, outcome, sent, http_status, error_code, error_message, provider_request_id,
    input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
    cost_micro_usd, cost_basis, budget_month, latency_ms
  )
  select
    (s.job).tenant_id, (s.job).call_id, (s.job).attempts, false, (s.job).created_at, (s.job).started_at, p_now,
    (s.job).user_id, (s.job).endpoint, (s.job).provider, (s.job).model,
    (s.job).worker_id, (s.result).outcome, s.sent, (s.result).http_status,
    left((s.result).error_code, 100), left((s.result).error_message, 500), left((s.result).provider_request_id, 200),
    (s.result).input_tokens, (s.result).cached_input_tokens, (s.result).output_tokens, (s.result).reasoning_tokens,
    s.cost_micro_usd, s.cost_basis, (s.job).budget_month, (s.result).latency_ms
  from unnest(p_settlements) as s
  where (s.result).outcome <> 'not_sent';
end
$$;
comment on function tollhouse_private.append_attempts(tollhouse_private.settlement[], timestamptz) is
  'Writes the ended attempts down.';

revoke execute on function tollhouse_private.append_attempts(tollhouse_private.settlement[], timestamptz) from public;

commit;
