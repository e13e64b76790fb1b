-- Deploy tollhouse:ops/explained_calls to pg

begin;
set local role tollhouse_engine;

create view tollhouse_ops.explained_calls with (security_invoker = true) as
select
  c.tenant_id, c.call_id, c.created_at, c.finished_at, c.user_id, c.endpoint, c.request_id,
  c.status, c.blocked_reason, c.was_cached, c.model, c.cost_micro_usd, c.latency_ms,
  e.why, e.what_to_do
from tollhouse_private.llm_api_calls as c
cross join lateral tollhouse_ops.explain_ended(c.tenant_id, c.call_id, c.created_at) as e;
comment on view tollhouse_ops.explained_calls is
  'Finished calls, each with why it ended so and what can be done about it. A sentence is made for each row that is read: ask for a few.';

grant select on tollhouse_ops.explained_calls to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
