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
  v_dues tollhouse_private.due[];
  v_overruns jsonb;
  v_booked integer;
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
    returning tenant_id, call_id, attempt
  ),
  late as (
    select (g.pa).*, g.difference
    from given_up as g
    join booked as b on b.tenant_id = (g.pa).tenant_id and b.call_id = (g.pa).call_id and b.attempt = (g.pa).attempt
  )
  select
    (select count(*) from late),
    (
      select array_agg(row(d.tenant_id, coalesce(d.user_id, ''), d.budget_month, d.hour, 0, 0, d.difference)::tollhouse_private.due)
      from (
        select l.tenant_id, l.user_id, l.budget_month, date_trunc('hour', l.finished_at, 'UTC') as hour, sum(l.difference) as difference
        from late as l
        group by grouping sets ((1, 2, 3, 4), (1, 3, 4))
      ) as d
    ),
    -- As a multiple of the reservation that was charged, which holds what was known when it was made.
    (
      select jsonb_agg(jsonb_build_object('model', o.model, 'call_id', o.call_id, 'factor', o.factor) order by o.model, o.factor desc nulls last)
      from (
        select l.model, l.call_id, (l.cost_micro_usd + l.difference)::numeric / nullif(l.cost_micro_usd, 0) * coalesce((
          select max(mo.factor)
          from tollhouse_private.model_overruns as mo
          where mo.model = l.model and mo.learned_at <= l.started_at
            and mo.day between (l.started_at at time zone 'UTC')::date - 31 and (l.started_at at time zone 'UTC')::date
        ), 1) as factor
        from late as l
        where l.difference > 0
      ) as o
    )
  into v_booked, v_dues, v_overruns;

  if v_booked > 0 then
    perform tollhouse_private.settle_budget(v_dues, p_now);
    perform tollhouse_private.book_hour(v_dues, p_now);
    perform tollhouse_private.learn_overrun(o.model, o.call_id, o.factor, p_now)
    from jsonb_to_recordset(v_overruns) as o (model text, call_id uuid, factor numeric);
  end if;
  return v_booked;
end
$$;
comment on function tollhouse_private.book_late(uuid, tollhouse_private.attempt_result[], timestamptz) is
  'Corrects the charge of abandoned attempts by results that came after all; repeated or foreign results book nothing. Returns how many it booked.';

revoke execute on function tollhouse_private.book_late(uuid, tollhouse_private.attempt_result[], timestamptz) from public;

commit;
