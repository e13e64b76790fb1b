-- Deploy tollhouse:execution/book_late to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.book_late(
  p_worker_id uuid,
  p_results tollhouse_private.attempt_result[],
  p_now timestamptz
)
  returns integer
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_late tollhouse_private.settlement[];
begin
  if cardinality(p_results) = 0 then
    return 0;
  end if;

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
  booked as (
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
    on conflict do nothing
    returning tenant_id, call_id, attempt, created_at, user_id, cost_micro_usd, budget_month
  )
  select array_agg(row(
    jsonb_populate_record(null::tollhouse_private.jobs, to_jsonb(b) || jsonb_build_object('attempts', b.attempt, 'reserved_micro_usd', 0)),
    null, null, null, false, false, 'ignored', b.cost_micro_usd, 'usage', null
  )::tollhouse_private.settlement)
  into v_late
  from booked as b;

  if v_late is null then
    return 0;
  end if;
  perform tollhouse_private.settle_budget(v_late, p_now);
  perform tollhouse_private.correct_hours(v_late);
  -- As a multiple of the reservation that was charged, which holds what was known when it was made.
  perform tollhouse_private.learn_overrun(o.model, o.call_id, o.factor, p_now)
  from (
    select a.model, (s.job).call_id,
      (a.cost_micro_usd + s.cost_micro_usd)::numeric / nullif(a.cost_micro_usd, 0) * coalesce(known.factor, 1) as factor
    from unnest(v_late) as s
    -- A probe of the key for each, as above.
    cross join lateral (
      select pa.model, pa.started_at, pa.cost_micro_usd
      from tollhouse_private.provider_attempts as pa
      where pa.tenant_id = (s.job).tenant_id and pa.call_id = (s.job).call_id and pa.attempt = (s.job).attempts
        and pa.created_at = (s.job).created_at and not pa.late
      offset 0
    ) as a
    cross join lateral (
      select max(mo.factor) as factor
      from tollhouse_private.model_overruns as mo
      where mo.model = a.model and mo.learned_at <= a.started_at
        and mo.day between (a.started_at at time zone 'UTC')::date - 31 and (a.started_at at time zone 'UTC')::date
    ) as known
    where s.cost_micro_usd > 0
    order by a.model, factor desc nulls last
  ) as o;
  return cardinality(v_late);
end
$$;
comment on function tollhouse_private.book_late(uuid, tollhouse_private.attempt_result[], timestamptz) is
  'Corrects the charge of abandoned attempts by results that came after all; repeated or foreign results book nothing. Returns how many it booked.';

revoke execute on function tollhouse_private.book_late(uuid, tollhouse_private.attempt_result[], timestamptz) from public;

commit;
