-- Deploy tollhouse:execution/settlement to pg
-- requires: queue/jobs

begin;
set local role tollhouse_owner;

create type tollhouse_private.attempt_result as (
  tenant_id text,
  call_id uuid,
  attempt integer,
  outcome text,
  sent boolean,
  http_status integer,
  error_code text,
  error_message text,
  retry_after_ms bigint,
  latency_ms integer,
  provider_request_id text,
  input_tokens integer,
  cached_input_tokens integer,
  output_tokens integer,
  reasoning_tokens integer,
  saved_micro_usd bigint,
  provider text,
  model text,
  response jsonb,
  reasoning text,
  metadata jsonb,
  materialize boolean
);
comment on type tollhouse_private.attempt_result is 'How one attempt ended, as the worker saw it. materialize: false leaves its materializer out, which had taken too long.';

create type tollhouse_private.settlement as (
  job tollhouse_private.jobs,
  result tollhouse_private.attempt_result,
  status text,
  blocked_reason text,
  was_cached boolean,
  sent boolean,
  breaker text,
  cost_micro_usd bigint,
  cost_basis text,
  retry_at timestamptz
);
comment on type tollhouse_private.settlement is
  'A call with what becomes of it: a final status, or a null status and the time of the next attempt. Cost is the ended attempt''s.';

commit;
