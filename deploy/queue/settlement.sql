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
  job tollhouse_private.work,
  result tollhouse_private.attempt_result,
  status text collate "C",
  blocked_reason text collate "C",
  was_cached boolean,
  sent boolean,
  breaker text collate "C",
  cost_micro_usd bigint,
  cost_basis text collate "C",
  retry_at timestamptz,
  capture text collate "C",
  cache_ttl interval,
  materializer text collate "C",
  unqueued tollhouse_private.jobs,
  need_micro_usd bigint
);
comment on type tollhouse_private.settlement is
  'A call with what becomes of it: a final status, or a null status and the time of the next attempt. Cost is the ended attempt''s. capture: what may be kept of it; cache_ttl, materializer: its endpoint''s. unqueued: the whole job, where there is no row of it (job.place is null): enqueue closes it at once, or cancel has taken it out. need_micro_usd: what it could have cost at most, where a cap or its own limit refused that.';

create type tollhouse_private.due as (
  tenant_id text collate "C",
  user_id text collate "C",
  month date,
  hour timestamptz,
  attempts bigint,
  reserved_micro_usd bigint,
  cost_micro_usd bigint
);
comment on type tollhouse_private.due is
  'What ended attempts cost who pays for them, a user or a tenant as a whole (user_id empty): the month that reserved it, the hour that it is booked in. attempts is 0 where a late result corrects what was booked.';

create function tollhouse_private.dues(
  p_settlements tollhouse_private.settlement[],
  p_now timestamptz
)
  returns tollhouse_private.due[]
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_hour timestamptz := date_trunc('hour', p_now, 'UTC');
begin
  return (
    select array_agg(row(
      d.tenant_id, coalesce(d.user_id, ''), d.month, v_hour, d.attempts, d.reserved, d.cost
    )::tollhouse_private.due)
    from (
      select
        (s.job).tenant_id, (s.job).user_id, (s.job).budget_month as month,
        count(*) filter (where (s.result).outcome <> 'not_sent') as attempts,
        sum((s.job).reserved_micro_usd) as reserved, sum(s.cost_micro_usd) as cost
      from unnest(p_settlements) as s
      group by grouping sets ((1, 2, 3), (1, 3))
    ) as d
  );
end
$$;
comment on function tollhouse_private.dues(tollhouse_private.settlement[], timestamptz) is
  'What each payer of some ended attempts owes; null when there are none.';

revoke execute on function tollhouse_private.dues(tollhouse_private.settlement[], timestamptz) from public;
grant execute on function tollhouse_private.dues(tollhouse_private.settlement[], timestamptz) to tollhouse_engine;

commit;
