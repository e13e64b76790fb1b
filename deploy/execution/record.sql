-- Deploy tollhouse:execution/record to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.unreadable_result(
  p_results jsonb
)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_result record;
begin
  for v_result in
    select r.value, r.position from jsonb_array_elements(p_results) with ordinality as r (value, position)
  loop
    if jsonb_typeof(v_result.value) <> 'object' then
      return format('result %s of the array is not an object', v_result.position);
    end if;
    begin
      perform jsonb_populate_record(null::tollhouse_private.attempt_result, v_result.value);
    exception
      when data_exception then
        return format('result %s of the array, call %s: %s', v_result.position,
          coalesce(left(v_result.value ->> 'call_id', 36), 'null'), left(sqlerrm, 200));
    end;
  end loop;
  return null;
end
$$;
comment on function tollhouse_private.unreadable_result(jsonb) is 'The first of some results that is no attempt_result, and why.';

create function tollhouse_private.append_late(
  p_worker_id uuid,
  p_results tollhouse_private.attempt_result[],
  p_now timestamptz,
  out booked integer,
  out dues tollhouse_private.due[],
  out overruns tollhouse_private.overrun[]
)
  returns record
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  with given_up as (
    select abandoned.pa, result.*, fact.sent, charge.basis,
      case charge.basis when 'usage' then bill.usage when 'reservation' then (abandoned.pa).cost_micro_usd else 0 end - (abandoned.pa).cost_micro_usd as difference
    from unnest(p_results) as r
    join tollhouse_private.attempt_outcomes as o on o.outcome = r.outcome
    -- Of its own, with its offset: a probe of the key for each, whatever the planner thinks of the month.
    cross join lateral (
      select a as pa
      from tollhouse_private.provider_attempts as a
      where a.tenant_id = r.tenant_id and a.call_id = r.call_id and a.attempt = r.attempt
        and a.created_at = tollhouse_private.call_created_at(r.call_id)
        and a.worker_id = p_worker_id
        and a.outcome = 'abandoned'
        and not a.late
      offset 0
    ) as abandoned
    left join tollhouse_private.task_types as tt on tt.endpoint = (abandoned.pa).endpoint
    left join tollhouse_private.tenant_settings as ts on ts.tenant_id = (abandoned.pa).tenant_id
    cross join lateral tollhouse_private.price_at((abandoned.pa).model, (abandoned.pa).started_at) as p
    cross join lateral (
      select case when tollhouse_private.stricter_capture(tt.capture, ts.capture_policy) = 'full' then r else tollhouse_private.without_text(r) end as r
    ) as result
    cross join lateral (select o.sent and r.sent is distinct from false as sent) as fact
    cross join lateral (
      select case
        when r.usage_doubtful is true then (
          select case when most.cost > (abandoned.pa).cost_micro_usd then most.cost end
          from (
            select tollhouse_private.highest_cost(
              p.input, p.cached_input, p.output, p.reasoning,
              greatest(r.input_tokens, r.cached_input_tokens, 0), greatest(r.output_tokens, r.reasoning_tokens, 0)
            ) as cost
          ) as most
        )
        else tollhouse_private.cost_of_usage(
          p.input, p.cached_input, p.output, p.reasoning,
          r.input_tokens, r.cached_input_tokens, r.output_tokens, r.reasoning_tokens
        )
      end as usage
    ) as bill
    cross join lateral (select tollhouse_private.charge_basis(fact.sent, o.billing, bill.usage) as basis) as charge
  ),
  appended as (
    insert into tollhouse_private.provider_attempts (
      tenant_id, call_id, attempt, late, created_at, started_at, finished_at, user_id, endpoint, provider, model,
      worker_id, outcome, sent, http_status, error_code, error_message, provider_request_id,
      input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
      cost_micro_usd, cost_basis, budget_month, latency_ms
    )
    select
      (g.pa).tenant_id, (g.pa).call_id, (g.pa).attempt, true, (g.pa).created_at, (g.pa).started_at, p_now,
      (g.pa).user_id, (g.pa).endpoint, (g.pa).provider, (g.pa).model, p_worker_id,
      (g.r).outcome, g.sent, (g.r).http_status,
      left((g.r).error_code, 100), left((g.r).error_message, 500), left((g.r).provider_request_id, 200),
      (g.r).input_tokens, (g.r).cached_input_tokens, (g.r).output_tokens, (g.r).reasoning_tokens,
      g.difference, g.basis, (g.pa).budget_month, (g.r).latency_ms
    from given_up as g
    order by (g.pa).tenant_id, (g.pa).call_id, (g.pa).attempt
    on conflict do nothing
    returning tenant_id, call_id, attempt
  ),
  late as (
    select (g.pa).*, g.difference
    from given_up as g
    join appended as a on a.tenant_id = (g.pa).tenant_id and a.call_id = (g.pa).call_id and a.attempt = (g.pa).attempt
  )
  select
    (select count(*) from late),
    array(
      select row(d.tenant_id, coalesce(d.user_id, ''), d.budget_month, d.hour, 0, 0, d.difference)::tollhouse_private.due
      from (
        select l.tenant_id, l.user_id, l.budget_month, date_trunc('hour', l.finished_at, 'UTC') as hour, sum(l.difference) as difference
        from late as l
        group by grouping sets ((1, 2, 3, 4), (1, 3, 4))
      ) as d
    ),
    -- As a multiple of the reservation that was charged, which holds what was known when it was made.
    array(
      select row(l.model, l.call_id, (l.cost_micro_usd + l.difference)::numeric / nullif(l.cost_micro_usd, 0) * coalesce((
        select max(mo.factor)
        from tollhouse_private.model_overruns as mo
        where mo.model = l.model and mo.learned_at <= l.started_at
          and mo.day between (l.started_at at time zone 'UTC')::date - 31 and (l.started_at at time zone 'UTC')::date
      ), 1))::tollhouse_private.overrun
      from late as l
      where l.difference > 0
    )
  into booked, dues, overruns;
end
$$;
comment on function tollhouse_private.append_late(uuid, tollhouse_private.attempt_result[], timestamptz) is
  'Writes down results that came after all of attempts that were given up, each with what it differs from what was charged: how many, what their payers owe for it, and what was billed too much. Repeated or foreign results are none.';

create function tollhouse_worker.record(
  p_worker_id uuid,
  p_results jsonb
)
  returns table (
    booked integer,
    late integer
  )
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
  -- Kept plans, for speed; but one made while the tables were empty must still serve when they are full:
  -- so every table is reached through an index, and joined by its key.
  set plan_cache_mode = 'force_generic_plan'
  set enable_seqscan = 'off'
  set enable_mergejoin = 'off'
  set jit = 'off'
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_results tollhouse_private.attempt_result[];
  v_held tollhouse_private.settlement[];
  v_late record;
  v_unknown text;
begin
  if p_results is null or jsonb_typeof(p_results) <> 'array' then
    raise exception using
      errcode = 'TH202',
      message = 'results are not a JSON array',
      hint = 'Pass an array of objects, one per ended attempt.';
  end if;
  begin
    v_results := array(select r from jsonb_populate_recordset(null::tollhouse_private.attempt_result, p_results) as r);
  exception
    when data_exception then
      raise exception using
        errcode = 'TH202',
        message = 'unreadable result',
        detail = tollhouse_private.unreadable_result(p_results),
        hint = 'Each result is an object, and each of its fields is of its type in tollhouse_private.attempt_result.';
  end;

  select format('call %s, attempt %s, outcome %s', coalesce(r.call_id::text, 'null'), coalesce(r.attempt::text, 'null'), coalesce(r.outcome, 'null'))
  into v_unknown
  from unnest(v_results) as r
  where r.tenant_id is null or r.call_id is null or r.attempt is null
    or (r.outcome = any (array(select o.outcome from tollhouse_private.attempt_outcomes as o))) is not true
    or (r.outcome = 'success' and coalesce(jsonb_typeof(r.response), 'null') <> 'object')
    or least(r.input_tokens, r.cached_input_tokens, r.output_tokens, r.reasoning_tokens) < 0
    or (r.usage_doubtful is not true and (r.cached_input_tokens > r.input_tokens or r.reasoning_tokens > r.output_tokens))
  limit 1;
  if found then
    raise exception using
      errcode = 'TH202',
      message = 'malformed result',
      detail = v_unknown,
      hint = 'Each result needs tenant_id, call_id, attempt and a known outcome; a success its response; token counts may not be negative, nor parts larger than their total unless usage_doubtful is true.';
  end if;

  -- One result per attempt: the first counts.
  if (select count(distinct r.call_id) from unnest(v_results) as r) < cardinality(v_results) then
    v_results := array(
      select v_results[r.position]
      from (
        select distinct on ((v_results[i]).call_id, (v_results[i]).attempt) i as position
        from generate_subscripts(v_results, 1) as i
        order by (v_results[i]).call_id, (v_results[i]).attempt, i
      ) as r
    );
  end if;

  -- The fence: only the worker and the attempt that hold the job.
  with held as materialized (
    select tollhouse_private.work_of(j, j.ctid) as job
    from tollhouse_private.jobs as j
    where j.state = 'running'
      and j.worker_id = p_worker_id
      and j.call_id = any (array(select r.call_id from unnest(v_results) as r))
    order by j.call_id
    for update
  )
  select coalesce(array_agg(row(
    h.job, r, null, null, false, null, null, null, null, null, null, null, null, null, null
  )::tollhouse_private.settlement), '{}')
  into v_held
  from held as h
  join unnest(v_results) as r on r.tenant_id = (h.job).tenant_id and r.call_id = (h.job).call_id and r.attempt = (h.job).attempts;

  select 0 as booked, '{}'::tollhouse_private.due[] as dues, '{}'::tollhouse_private.overrun[] as overruns into v_late;
  if cardinality(v_held) < cardinality(v_results) then
    select l.* into v_late
    from tollhouse_private.append_late(p_worker_id, array(
      select r from unnest(v_results) as r
      where (r.call_id, r.attempt) not in (select (h.result).call_id, (h.result).attempt from unnest(v_held) as h)
    ), v_now) as l;
  end if;
  if cardinality(v_held) > 0 or v_late.booked > 0 then
    perform tollhouse_private.settle(v_held, v_now, v_late.dues, v_late.overruns);
  end if;
  record.booked := cardinality(v_held);
  record.late := v_late.booked;
  return next;
end
$$;
comment on function tollhouse_worker.record(uuid, jsonb) is
  'Books how attempts ended: [{tenant_id, call_id, attempt, outcome, …}]. Safe to repeat: what was booked already, or is not held by this worker, changes nothing, except that the late result of an abandoned attempt corrects its charge. Returns how many it booked, and how many late. Raises TH202, and then books nothing.';

revoke execute on function tollhouse_private.unreadable_result(jsonb) from public;
revoke execute on function tollhouse_private.append_late(uuid, tollhouse_private.attempt_result[], timestamptz) from public;
revoke execute on function tollhouse_worker.record(uuid, jsonb) from public;
grant execute on function tollhouse_worker.record(uuid, jsonb) to tollhouse_worker;

commit;
