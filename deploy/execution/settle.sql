-- Deploy tollhouse:execution/settle to pg
-- requires: execution/attempt_outcomes
-- requires: execution/close_calls
-- requires: ledger/provider_attempts
-- requires: pricing/cost
-- requires: cache/store
-- requires: breaker/observe
-- requires: budget/settle
-- requires: shutoff/book

begin;
set local role tollhouse_engine;

create function tollhouse_private.assess(
  p_jobs tollhouse_private.jobs[],
  p_results tollhouse_private.attempt_result[],
  p_now timestamptz
)
  returns tollhouse_private.settlement[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
  with price as materialized (
    select m.model, m.started_at, p.*
    from (select distinct j.model, j.started_at from unnest(p_jobs) as j) as m
    cross join lateral tollhouse_private.price_at(m.model, m.started_at) as p
  )
  select coalesce(array_agg(row(
    j, r,
    case
      when retry.again and not j.cancel_requested then null
      when retry.again then 'cancelled'
      else o.status
    end,
    case when not retry.again and o.status = 'blocked' then 'provider_kill_switch' end,
    false,
    fact.sent,
    o.breaker,
    case charge.basis when 'usage' then charge.usage when 'reservation' then j.reserved_micro_usd else 0 end,
    charge.basis,
    case when retry.again and not j.cancel_requested then p_now + case
      when r.outcome = 'not_sent' then interval '0'
      else make_interval(secs => least(3600000, greatest(
        r.retry_after_ms,
        least(60000, tt.backoff_ms * 2 ^ (j.attempts - j.unsent - 1)) * (0.5 + random() / 2)
      )) / 1000)
    end end
  )::tollhouse_private.settlement), '{}')
  from unnest(p_jobs) as j
  join unnest(p_results) as r on r.call_id = j.call_id
  join tollhouse_private.attempt_outcomes as o on o.outcome = r.outcome
  join price as p on p.model = j.model and p.started_at = j.started_at
  left join tollhouse_private.task_types as tt on tt.endpoint = j.endpoint
  cross join lateral (
    select o.sent and r.sent is distinct from false as sent
  ) as fact
  cross join lateral (
    select tollhouse_private.cost_of_usage(
      p.input, p.cached_input, p.output, p.reasoning,
      r.input_tokens, r.cached_input_tokens, r.output_tokens, r.reasoning_tokens
    ) as usage
  ) as bill
  cross join lateral (
    select bill.usage, case
      when not fact.sent or o.billing = 'nothing' then 'none'
      when bill.usage is not null then 'usage'
      when o.billing = 'usage' then 'none'
      else 'reservation'
    end as basis
  ) as charge
  cross join lateral (
    select o.retries
      and (r.outcome <> 'abandoned' or tt.retries_abandoned is not false)
      and (r.outcome = 'not_sent' or j.attempts - j.unsent < coalesce(tt.max_attempts, 1)) as again
  ) as retry
  );
end
$$;
comment on function tollhouse_private.assess(tollhouse_private.jobs[], tollhouse_private.attempt_result[], timestamptz) is
  'What each ended attempt cost, at the prices in force when it began (its reservation''s), and what becomes of its call. Backoff doubles with each attempt, with jitter; a provider''s Retry-After wins when it is longer (one hour at most).';

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

create function tollhouse_private.requeue(
  p_settlements tollhouse_private.settlement[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from unnest(p_settlements) as s where s.status is null) then
    return;
  end if;

  update tollhouse_private.jobs as j
  set
    state = case when s.retry_at <= p_now then 'queued' else 'scheduled' end,
    run_at = s.retry_at,
    waits_for = 'backoff',
    unsent = j.unsent + ((s.result).outcome = 'not_sent')::integer,
    worker_id = null,
    started_at = null,
    reserved_micro_usd = 0,
    budget_month = null,
    spent_micro_usd = j.spent_micro_usd + s.cost_micro_usd,
    cost_basis = case
      when 'reservation' in (j.cost_basis, s.cost_basis) then 'reservation'
      when 'usage' in (j.cost_basis, s.cost_basis) then 'usage'
      else 'none'
    end,
    provider_attempted = j.provider_attempted or s.sent,
    error_code = coalesce(left((s.result).error_code, 100), (s.result).outcome),
    error_message = left((s.result).error_message, 500)
  from unnest(p_settlements) as s
  where s.status is null
    and j.tenant_id = (s.job).tenant_id
    and j.call_id = (s.job).call_id;
end
$$;
comment on function tollhouse_private.requeue(tollhouse_private.settlement[], timestamptz) is
  'Puts the calls that get another attempt back into the queue.';

-- Locks: jobs (held by the caller), cache_flights, breakers, provider_windows, provider_breakers, rate_limits,
-- monthly_budgets, hourly_spend; each in the order of its key.
-- The claim takes them in the same order. A new step belongs at its place in this line.
create function tollhouse_private.settle(
  p_jobs tollhouse_private.jobs[],
  p_results tollhouse_private.attempt_result[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_settlements tollhouse_private.settlement[];
begin
  v_settlements := tollhouse_private.assess(p_jobs, p_results, p_now);
  if cardinality(v_settlements) is distinct from cardinality(p_jobs) then
    raise exception using
      errcode = 'TH202',
      message = 'a result could not be assessed',
      detail = format('%s of %s', cardinality(v_settlements), cardinality(p_jobs)),
      hint = 'Each result needs an outcome listed in attempt_outcomes.';
  end if;

  perform tollhouse_private.append_attempts(v_settlements, p_now);
  perform tollhouse_private.store_answers(v_settlements, p_now);
  perform tollhouse_private.close_calls(
    array(select s from unnest(v_settlements) as s where s.status is not null), p_now);
  perform tollhouse_private.requeue(v_settlements, p_now);
  perform tollhouse_private.observe_users(v_settlements, p_now);
  perform tollhouse_private.observe_providers(v_settlements, p_now);
  perform tollhouse_private.observe_probes(v_settlements, p_now);
  perform tollhouse_private.settle_budget(v_settlements);
  perform tollhouse_private.book_hour(v_settlements, p_now);
end
$$;
comment on function tollhouse_private.settle(tollhouse_private.jobs[], tollhouse_private.attempt_result[], timestamptz) is
  'Books ended attempts of jobs that the caller has locked: everything that follows from them, in one transaction.';

revoke execute on function tollhouse_private.assess(tollhouse_private.jobs[], tollhouse_private.attempt_result[], timestamptz) from public;
revoke execute on function tollhouse_private.append_attempts(tollhouse_private.settlement[], timestamptz) from public;
revoke execute on function tollhouse_private.requeue(tollhouse_private.settlement[], timestamptz) from public;
revoke execute on function tollhouse_private.settle(tollhouse_private.jobs[], tollhouse_private.attempt_result[], timestamptz) from public;

commit;
