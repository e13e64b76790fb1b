-- Deploy tollhouse:execution/settle to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.without_text(
  p_result tollhouse_private.attempt_result
)
  returns tollhouse_private.attempt_result
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  p_result.error_message := null;
  return p_result;
end
$$;
comment on function tollhouse_private.without_text(tollhouse_private.attempt_result) is
  'A result without its error message, in which a provider may quote the request: for calls of which nothing may be kept.';

create function tollhouse_private.assess(
  p_ended tollhouse_private.settlement[],
  p_now timestamptz
)
  returns tollhouse_private.settlement[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    -- Asked once for each endpoint and tenant of the batch, not for each call.
    with task as materialized (
      select k.endpoint, tt.capture, tt.cache_ttl, tt.materializer, tt.backoff_ms, tt.max_attempts, tt.retries_abandoned
      from (select distinct (e.job).endpoint from unnest(p_ended) as e offset 0) as k
      join tollhouse_private.task_types as tt on tt.endpoint = k.endpoint
    ),
    tenant as materialized (
      select k.tenant_id, ts.capture_policy
      from (select distinct (e.job).tenant_id from unnest(p_ended) as e offset 0) as k
      join tollhouse_private.tenant_settings as ts on ts.tenant_id = k.tenant_id
    ),
    follows as materialized (
      select o.*
      from (select distinct (e.result).outcome from unnest(p_ended) as e offset 0) as k
      join tollhouse_private.attempt_outcomes as o on o.outcome = k.outcome
    )
    select coalesce(array_agg(row(
      e.job, case when keep.capture = 'full' or (e.result).error_message is null then e.result else tollhouse_private.without_text(e.result) end,
      case
        when fate.again then null
        when retry.wanted then 'cancelled'
        else o.status
      end,
      case when not retry.wanted and o.status = 'blocked' then 'provider_kill_switch' end,
      false,
      fact.sent,
      o.breaker,
      case charge.basis when 'usage' then bill.usage when 'reservation' then (e.job).reserved_micro_usd else 0 end,
      charge.basis,
      case when fate.again then p_now + case
        when (e.result).outcome = 'not_sent' then interval '0'
        else make_interval(secs => least(3600000, greatest(
          (e.result).retry_after_ms,
          least(60000, t.backoff_ms * 2 ^ ((e.job).attempts - (e.job).unsent - 1)) * (0.5 + random() / 2)
        )) / 1000)
      end end,
      keep.capture, t.cache_ttl, t.materializer, null, null
    )::tollhouse_private.settlement), '{}')
    from unnest(p_ended) as e
    join follows as o on o.outcome = (e.result).outcome
    left join task as t on t.endpoint = (e.job).endpoint
    left join tenant as te on te.tenant_id = (e.job).tenant_id
    cross join lateral (
      select tollhouse_private.stricter_capture(t.capture, te.capture_policy) as capture
      offset 0
    ) as keep
    cross join lateral (
      select o.sent and (e.result).sent is distinct from false as sent
    ) as fact
    cross join lateral (
      -- A usage that contradicts itself is charged only where the most that it can mean is more than the reservation.
      select case
        when (e.result).usage_doubtful is true then (
          select case when most.cost > (e.job).reserved_micro_usd then most.cost end
          from (
            select tollhouse_private.highest_cost(
              ((e.job).price).input, ((e.job).price).cached_input, ((e.job).price).output, ((e.job).price).reasoning,
              greatest((e.result).input_tokens, (e.result).cached_input_tokens, 0), greatest((e.result).output_tokens, (e.result).reasoning_tokens, 0)
            ) as cost
          ) as most
        )
        else tollhouse_private.cost_of_usage(
          ((e.job).price).input, ((e.job).price).cached_input, ((e.job).price).output, ((e.job).price).reasoning,
          (e.result).input_tokens, (e.result).cached_input_tokens, (e.result).output_tokens, (e.result).reasoning_tokens
        )
      end as usage
      offset 0
    ) as bill
    cross join lateral (
      select tollhouse_private.charge_basis(fact.sent, o.billing, bill.usage) as basis
      offset 0
    ) as charge
    cross join lateral (
      select o.retries
        and ((e.result).outcome <> 'abandoned' or t.retries_abandoned is not false)
        and ((e.result).outcome = 'not_sent' or (e.job).attempts - (e.job).unsent < coalesce(t.max_attempts, 1)) as wanted
      offset 0
    ) as retry
    cross join lateral (
      select retry.wanted and (
        select true from tollhouse_private.cancel_requests as asked
        where asked.tenant_id = (e.job).tenant_id and asked.call_id = (e.job).call_id
        limit 1
      ) is not true as again
      offset 0
    ) as fate
  );
end
$$;
comment on function tollhouse_private.assess(tollhouse_private.settlement[], timestamptz) is
  'What each ended attempt cost, at the price of its reservation, what becomes of its call, and what may be kept of it. Backoff doubles with each attempt, with jitter; a provider''s Retry-After wins when it is longer (one hour at most). What has no known outcome is left out.';

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
    and j.ctid = (s.job).place;
end
$$;
comment on function tollhouse_private.requeue(tollhouse_private.settlement[], timestamptz) is
  'Puts the calls that get another attempt back into the queue.';

-- The factor is the second largest of the day's calls: one call's usage alone, which may be a mistake, moves nobody else's.
-- Writes only what is larger than what is known: healthy outcomes lock no row that others need.
create function tollhouse_private.learn_overrun(
  p_model text,
  p_call_id uuid,
  p_factor numeric,
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- Not least: it would make a million of an unknown factor.
  v_factor numeric := case when p_factor > 1000000 then 1000000 else p_factor end;
  v_day date := (p_now at time zone 'UTC')::date;
begin
  if v_factor > coalesce((select mo.factor from tollhouse_private.model_overruns as mo where mo.model = p_model and mo.day = v_day), 1) then
    insert into tollhouse_private.model_overruns as mo (model, day, highest, call_id, learned_at)
    select m.model, v_day, v_factor, p_call_id, p_now
    from tollhouse_private.models as m
    where m.model = p_model
    on conflict (model, day) do update
    set
      factor = case when mo.call_id = excluded.call_id then mo.factor else least(mo.highest, excluded.highest) end,
      learned_at = case when mo.call_id = excluded.call_id then mo.learned_at else excluded.learned_at end,
      highest = greatest(mo.highest, excluded.highest),
      call_id = case when mo.highest < excluded.highest then excluded.call_id else mo.call_id end
    where coalesce(mo.factor, 1) < excluded.highest;
  end if;
end
$$;
comment on function tollhouse_private.learn_overrun(text, uuid, numeric, timestamptz) is
  'Notes that a call has billed so many times what it can cost at most, if that is more than is known of its model for the day.';

create function tollhouse_private.without_answers(
  p_settlements tollhouse_private.settlement[]
)
  returns tollhouse_private.settlement[]
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_settlement tollhouse_private.settlement;
  v_light tollhouse_private.settlement[] := array[]::tollhouse_private.settlement[];
begin
  foreach v_settlement in array p_settlements loop
    v_settlement.result.response := null;
    v_settlement.result.reasoning := null;
    v_settlement.result.metadata := null;
    v_light := v_light || v_settlement;
  end loop;
  return v_light;
end
$$;
comment on function tollhouse_private.without_answers(tollhouse_private.settlement[]) is
  'Settlements without what was answered.';

create type tollhouse_private.overrun as (
  model text collate "C",
  call_id uuid,
  factor numeric
);
comment on type tollhouse_private.overrun is
  'How many times what a call can cost at most it has billed.';

-- Each step locks what comes next in the order of locks, which stands in ARCHITECTURE.md.
create function tollhouse_private.settle(
  p_ended tollhouse_private.settlement[],
  p_now timestamptz,
  p_late_dues tollhouse_private.due[] default '{}',
  p_late_overruns tollhouse_private.overrun[] default '{}'
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_settlements tollhouse_private.settlement[];
  v_light tollhouse_private.settlement[];
  v_ended tollhouse_private.settlement[];
  v_light_ended tollhouse_private.settlement[];
  v_dues tollhouse_private.due[];
begin
  v_settlements := tollhouse_private.assess(p_ended, p_now);
  if cardinality(v_settlements) is distinct from cardinality(p_ended) then
    raise exception using
      errcode = 'TH202',
      message = 'a result could not be assessed',
      detail = format('%s of %s', cardinality(v_settlements), cardinality(p_ended)),
      hint = 'Each result needs an outcome listed in attempt_outcomes.';
  end if;

  if cardinality(p_ended) > 0 then
    -- An answer may be megabytes, which each function would copy: most get the settlements without.
    v_light := case when pg_column_size(v_settlements) > 500000 then tollhouse_private.without_answers(v_settlements) else v_settlements end;
    perform tollhouse_private.append_attempts(v_light, p_now);
    perform tollhouse_private.store_answers(v_settlements, p_now);
    if exists (select from unnest(v_light) as s where s.status is null) then
      v_ended := array(select s from unnest(v_settlements) as s where s.status is not null);
      v_light_ended := array(select s from unnest(v_light) as s where s.status is not null);
    else
      v_ended := v_settlements;
      v_light_ended := v_light;
    end if;
    perform tollhouse_private.close_calls(v_ended, p_now);
    perform tollhouse_private.announce(v_light_ended);
    if cardinality(v_ended) < cardinality(v_settlements) then
      perform tollhouse_private.requeue(v_light, p_now);
    end if;
    perform tollhouse_private.observe_users(v_light, p_now);
    perform tollhouse_private.observe_providers(v_light, p_now);
  end if;

  v_dues := tollhouse_private.dues(v_light, p_now) || p_late_dues;
  perform tollhouse_private.settle_budget(v_dues, p_now);
  perform tollhouse_private.book_hour(v_dues, p_now);
  perform tollhouse_private.learn_overrun(o.model, o.call_id, o.factor, p_now)
  from (
    select o.model, o.call_id, o.factor
    from unnest(p_late_overruns) as o
    union all
    select (s.job).model, (s.job).call_id, s.cost_micro_usd::numeric / bound.highest
    from unnest(v_light) as s
    cross join lateral (
      select nullif(tollhouse_private.highest_cost(
        ((s.job).price).input, ((s.job).price).cached_input, ((s.job).price).output, ((s.job).price).reasoning,
        (s.job).request_bytes, (s.job).max_output_tokens
      ), 0) as highest
    ) as bound
    where s.cost_basis = 'usage' and s.cost_micro_usd > (s.job).reserved_micro_usd
    order by 1, 3 desc nulls last
  ) as o;
end
$$;
comment on function tollhouse_private.settle(tollhouse_private.settlement[], timestamptz, tollhouse_private.due[], tollhouse_private.overrun[]) is
  'Books ended attempts, each with the job that the caller has locked and its result: everything that follows from them, in one transaction. With them, what late results correct.';

revoke execute on function tollhouse_private.without_text(tollhouse_private.attempt_result) from public;
revoke execute on function tollhouse_private.assess(tollhouse_private.settlement[], timestamptz) from public;
revoke execute on function tollhouse_private.append_attempts(tollhouse_private.settlement[], timestamptz) from public;
revoke execute on function tollhouse_private.requeue(tollhouse_private.settlement[], timestamptz) from public;
revoke execute on function tollhouse_private.learn_overrun(text, uuid, numeric, timestamptz) from public;
revoke execute on function tollhouse_private.without_answers(tollhouse_private.settlement[]) from public;
revoke execute on function tollhouse_private.settle(tollhouse_private.settlement[], timestamptz, tollhouse_private.due[], tollhouse_private.overrun[]) from public;

commit;
