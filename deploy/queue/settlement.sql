-- Deploy tollhouse:queue/settlement to pg

begin;
set local role tollhouse_owner;

create type tollhouse_private.attempt_result as (
  tenant_id text collate "C",
  call_id uuid,
  attempt integer,
  outcome text collate "C",
  sent boolean,
  http_status integer,
  error_code text collate "C",
  error_message text collate "C",
  retry_after_ms bigint,
  latency_ms integer,
  provider_request_id text collate "C",
  input_tokens integer,
  cached_input_tokens integer,
  output_tokens integer,
  reasoning_tokens integer,
  saved_micro_usd bigint,
  provider text collate "C",
  model text collate "C",
  response jsonb,
  reasoning text collate "C",
  metadata jsonb,
  materialize boolean,
  usage_doubtful boolean
);
comment on type tollhouse_private.attempt_result is 'How one attempt ended, as the worker saw it. materialize: false leaves its materializer out, which had taken too long. usage_doubtful: what was reported contradicts itself, or can''t be.';

create type tollhouse_private.settlement as (
  job tollhouse_private.jobs,
  result tollhouse_private.attempt_result,
  status text collate "C",
  blocked_reason text collate "C",
  was_cached boolean,
  sent boolean,
  breaker text collate "C",
  cost_micro_usd bigint,
  cost_basis text collate "C",
  retry_at timestamptz
);
comment on type tollhouse_private.settlement is
  'A call with what becomes of it: a final status, or a null status and the time of the next attempt. Cost is the ended attempt''s.';

commit;
