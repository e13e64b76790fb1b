-- Deploy tollhouse:execution/assess to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.assess(
  p_jobs tollhouse_private.work[],
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
  select coalesce(array_agg(row(
    j, case when tollhouse_private.stricter_capture(tt.capture, ts.capture_policy) = 'full' then r else tollhouse_private.without_text(r) end,
    case
      when retry.again and cr.call_id is null then null
      when retry.again then 'cancelled'
      else o.status
    end,
    case when not retry.again and o.status = 'blocked' then 'provider_kill_switch' end,
    false,
    fact.sent,
    o.breaker,
    case charge.basis when 'usage' then charge.usage when 'reservation' then j.reserved_micro_usd else 0 end,
    charge.basis,
    case when retry.again and cr.call_id is null then p_now + case
      when r.outcome = 'not_sent' then interval '0'
      else make_interval(secs => least(3600000, greatest(
        r.retry_after_ms,
        least(60000, tt.backoff_ms * 2 ^ (j.attempts - j.unsent - 1)) * (0.5 + random() / 2)
      )) / 1000)
    end end,
    null
  )::tollhouse_private.settlement), '{}')
  from unnest(p_jobs) as j
  join unnest(p_results) as r on r.call_id = j.call_id
  join tollhouse_private.attempt_outcomes as o on o.outcome = r.outcome
  left join tollhouse_private.task_types as tt on tt.endpoint = j.endpoint
  left join tollhouse_private.tenant_settings as ts on ts.tenant_id = j.tenant_id
  left join lateral (
    select asked.call_id from tollhouse_private.cancel_requests as asked where asked.tenant_id = j.tenant_id and asked.call_id = j.call_id limit 1
  ) as cr on true
  cross join lateral (
    select o.sent and r.sent is distinct from false as sent
  ) as fact
  cross join lateral (
    -- A usage that contradicts itself is charged only where the most that it can mean is more than the reservation.
    select case
      when r.usage_doubtful is true then (
        select case when most.cost > j.reserved_micro_usd then most.cost end
        from (
          select tollhouse_private.highest_cost(
            (j.price).input, (j.price).cached_input, (j.price).output, (j.price).reasoning,
            greatest(r.input_tokens, r.cached_input_tokens, 0), greatest(r.output_tokens, r.reasoning_tokens, 0)
          ) as cost
        ) as most
      )
      else tollhouse_private.cost_of_usage(
        (j.price).input, (j.price).cached_input, (j.price).output, (j.price).reasoning,
        r.input_tokens, r.cached_input_tokens, r.output_tokens, r.reasoning_tokens
      )
    end as usage
    offset 0
  ) as bill
  cross join lateral (
    select bill.usage, tollhouse_private.charge_basis(fact.sent, o.billing, bill.usage) as basis
    offset 0
  ) as charge
  cross join lateral (
    select o.retries
      and (r.outcome <> 'abandoned' or tt.retries_abandoned is not false)
      and (r.outcome = 'not_sent' or j.attempts - j.unsent < coalesce(tt.max_attempts, 1)) as again
  ) as retry
  );
end
$$;
comment on function tollhouse_private.assess(tollhouse_private.work[], tollhouse_private.attempt_result[], timestamptz) is
  'What each ended attempt cost, at the price of its reservation, and what becomes of its call. Backoff doubles with each attempt, with jitter; a provider''s Retry-After wins when it is longer (one hour at most).';

revoke execute on function tollhouse_private.assess(tollhouse_private.work[], tollhouse_private.attempt_result[], timestamptz) from public;

commit;
