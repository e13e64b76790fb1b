-- Deploy tollhouse:ops/explained_calls to pg
-- requires: ledger/llm_api_calls
-- requires: ledger/provider_attempts
-- requires: admission/explain_refusal

begin;
set local role tollhouse_engine;

create view tollhouse_ops.explained_calls with (security_invoker = true) as
select
  c.tenant_id, c.call_id, c.created_at, c.finished_at, c.user_id, c.endpoint, c.request_id,
  c.status, c.blocked_reason, c.was_cached, c.model, c.cost_micro_usd, c.latency_ms,
  case
    when c.status = 'blocked' and c.attempts > 0 and exists (
      select
      from tollhouse_private.provider_attempts as pa
      where pa.tenant_id = c.tenant_id and pa.call_id = c.call_id and pa.created_at = c.created_at and pa.outcome = 'aborted'
    )
      then 'A kill switch was pulled while the call was in flight; it was aborted and may have been billed.'
    when c.status = 'blocked' and c.attempts > 0
      then pg_catalog.format('Refused after %s attempt(s). ', c.attempts)
        || (select r.why from tollhouse_private.explain_refusal(c.blocked_reason) as r)
    when c.status = 'blocked' then (select r.why from tollhouse_private.explain_refusal(c.blocked_reason) as r)
    when c.was_coalesced then 'Answered together with the same request that was under way, free of charge.'
    when c.was_cached then 'Answered from the cache, free of charge.'
    when c.status = 'success' and c.attempts = 1 then pg_catalog.format('Answered by %s.', c.model)
    when c.status = 'success' then pg_catalog.format('Answered by %s, attempt %s.', c.model, c.attempts)
    when c.status = 'cancelled' then 'It was cancelled.'
    when c.error_code is null then 'It failed for good.'
    else pg_catalog.format('It failed for good: %s.', c.error_code)
  end as why
from tollhouse_private.llm_api_calls as c;
comment on view tollhouse_ops.explained_calls is 'Finished calls, each with a sentence that says why it ended so.';

grant select on tollhouse_ops.explained_calls to tollhouse_operator, tollhouse_auditor;

commit;
