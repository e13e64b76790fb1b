-- Deploy tollhouse:admission/explain to pg
-- requires: admission/enqueue
-- requires: breaker/breakers
-- requires: budget/monthly_budgets
-- requires: queue/workers
-- requires: queue/cancel_requests
-- requires: routing/breaker_gate

begin;
set local role tollhouse_owner;

create function tollhouse_private.explain_refusal(
  p_blocked_reason text,
  out why text,
  out what_to_do text
)
  returns record
  language sql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
  select
    case p_blocked_reason
      when 'provider_kill_switch' then 'An operator had stopped calls like this one with a kill switch.'
      when 'hourly_shutoff' then 'The tenant or the user was shut off for the hour.'
      when 'breaker_open' then 'The provider had been failing, so its circuit breaker was open.'
      when 'monthly_cap_exceeded' then 'The highest possible cost of the call did not fit under the monthly cap of the user or the tenant.'
      when 'price_unknown' then 'No price is known for the model, so its cost could not be reserved.'
      when 'max_cost_exceeded' then 'The call could have cost more than the max_cost_micro_usd it was given.'
      when 'no_model' then 'The endpoint had no model left that serves the call.'
    end,
    case p_blocked_reason
      when 'provider_kill_switch' then 'See tollhouse.kill_switches; once it is lifted, enqueue again under a new request id.'
      when 'hourly_shutoff' then 'See tollhouse.hourly_shutoffs for its end; then enqueue again under a new request id.'
      when 'breaker_open' then 'Enqueue again under a new request id after the cool-down: see tollhouse.breakers.'
      when 'monthly_cap_exceeded' then 'Ask for less (max_completion_tokens), wait for the next month, or have the cap raised; see tollhouse.monthly_budgets.'
      when 'price_unknown' then 'Ask an operator to set the price (tollhouse_ops.set_price).'
      when 'max_cost_exceeded' then 'Raise max_cost_micro_usd, or ask for less (max_completion_tokens).'
      when 'no_model' then 'Ask an operator to give the endpoint a model (tollhouse_ops.set_task_type).'
    end
$$;
comment on function tollhouse_private.explain_refusal(text) is 'A blocked_reason in words.';

create function tollhouse_private.explain_waiting(
  p_job tollhouse_private.jobs,
  p_now timestamptz,
  out why text,
  out what_to_do text
)
  returns record
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  what_to_do := 'Nothing: it goes on by itself.';
  if p_job.state = 'running' then
    why := format('Attempt %s is under way at %s since %s.', p_job.attempts - p_job.unsent, p_job.model, date_trunc('second', p_job.started_at));
    if exists (
      select from tollhouse_private.cancel_requests as cr where cr.tenant_id = p_job.tenant_id and cr.call_id = p_job.call_id
    ) then
      why := why || ' It is being cancelled.';
    end if;
  elsif p_job.state = 'coalesced' then
    why := 'The same request is in flight already; this call waits for its answer instead of paying twice.';
  elsif p_job.state = 'scheduled' and p_job.waits_for = 'backoff' then
    why := format('Attempt %s failed (%s); the next one is due at %s.', p_job.attempts - p_job.unsent, p_job.error_code, date_trunc('second', p_job.run_at));
  elsif p_job.state = 'scheduled' and p_job.waits_for = 'rate_limit' then
    why := format('Over a rate limit; it is tried again at %s.', p_job.run_at);
  elsif p_job.state = 'scheduled' then
    why := format('It was asked to run at %s.', p_job.run_at);
  elsif exists (select from tollhouse_private.guard_kill_switch(array[p_job])) then
    why := 'A kill switch matches it; the next claim will refuse it.';
    what_to_do := 'See tollhouse.kill_switches.';
  elsif exists (select from tollhouse_private.guard_hourly_shutoff(array[p_job], p_now)) then
    why := 'The tenant or the user is shut off; the next claim will refuse it.';
    what_to_do := 'See tollhouse.hourly_shutoffs.';
  elsif not exists (select from tollhouse_private.workers as w where w.alive_until > p_now) then
    why := 'No worker is alive.';
    what_to_do := 'Ask an operator to start one (tollhouse worker).';
  elsif exists (
    select
    from tollhouse_private.breakers as b
    where b.tenant_id = p_job.tenant_id and b.user_id = p_job.user_id
      and tollhouse_private.breaker_gate(b.state, b.open_until, p_now) = 'stop'
  ) then
    why := 'A circuit breaker is open; the call is refused unless another provider serves it.';
    what_to_do := 'See tollhouse.breakers.';
  else
    why := 'It is in line for the next free worker.';
  end if;
end
$$;
comment on function tollhouse_private.explain_waiting(tollhouse_private.jobs, timestamptz) is 'Why an unfinished call is not finished, in words.';

create function tollhouse.explain(
  p_endpoint text,
  p_request_id text
)
  returns table (
    call_id uuid,
    status text,
    why text,
    what_to_do text,
    since timestamptz,
    next_try_at timestamptz,
    queue_position bigint,
    attempts integer,
    last_error text
  )
  language plpgsql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_key tollhouse_private.request_keys;
  v_call tollhouse_private.llm_api_calls;
  v_job tollhouse_private.jobs;
begin
  select rk.* into v_key from tollhouse_private.request_keys as rk
  where rk.tenant_id = tollhouse_private.current_tenant_id() and rk.endpoint = p_endpoint and rk.request_id = p_request_id;
  if not found then
    status := 'unknown';
    why := 'You have no call with this request id at this endpoint.';
    what_to_do := case
      when tollhouse_private.current_tenant_id() is null then 'Say who you are first: select tollhouse.set_identity(''tenant'', ''user'').'
      else 'Check both, and whether the transaction that enqueued it was committed.'
    end;
    return next;
    return;
  end if;
  call_id := v_key.call_id;

  select c.* into v_call from tollhouse_private.llm_api_calls as c
  where c.tenant_id = v_key.tenant_id and c.call_id = v_key.call_id and c.created_at = v_key.created_at;
  if found then
    status := v_call.status;
    since := v_call.finished_at;
    attempts := v_call.attempts;
    last_error := nullif(concat_ws(': ', v_call.error_code, v_call.error_message), '');
    what_to_do := 'Nothing: it is over.';
    case
      when v_call.status = 'blocked' then
        select r.why, r.what_to_do into why, what_to_do from tollhouse_private.explain_refusal(v_call.blocked_reason) as r;
        if v_call.provider_attempted and v_call.blocked_reason = 'provider_kill_switch' then
          why := 'A kill switch was pulled while the call was in flight; it was aborted and may have been billed.';
        end if;
      when v_call.was_cached then why := 'Answered from the cache, free of charge.';
      when v_call.status = 'success' then why := format('Answered by %s after %s attempt(s).', v_call.model, v_call.attempts);
      when v_call.status = 'cancelled' then why := 'It was cancelled.';
      else
        why := format('It failed for good after %s attempt(s).', v_call.attempts);
        what_to_do := 'Read last_error; to try again, enqueue under a new request id.';
    end case;
    return next;
    return;
  end if;

  select j.* into v_job from tollhouse_private.jobs as j where j.tenant_id = v_key.tenant_id and j.call_id = v_key.call_id;
  status := case v_job.state when 'coalesced' then 'queued' else v_job.state end;
  since := coalesce(v_job.started_at, v_job.created_at);
  next_try_at := case v_job.state when 'scheduled' then v_job.run_at end;
  attempts := v_job.attempts - v_job.unsent;
  last_error := nullif(concat_ws(': ', v_job.error_code, v_job.error_message), '');
  if v_job.state = 'queued' then
    select count(*) + 1 into queue_position
    from tollhouse_private.jobs as j
    where j.tenant_id = v_job.tenant_id and j.state = 'queued' and j.call_id < v_job.call_id;
  end if;
  select w.why, w.what_to_do into why, what_to_do from tollhouse_private.explain_waiting(v_job, v_now) as w;
  return next;
end
$$;
comment on function tollhouse.explain(text, text) is
  'Why a call of yours is not running, or what became of it, in one row: why and what_to_do are sentences. queue_position counts your own queued calls, 1 is next.';

revoke execute on function tollhouse_private.explain_refusal(text) from public;
revoke execute on function tollhouse_private.explain_waiting(tollhouse_private.jobs, timestamptz) from public;
revoke execute on function tollhouse.explain(text, text) from public;
grant execute on function tollhouse_private.explain_refusal(text) to tollhouse_operator, tollhouse_auditor;
grant execute on function tollhouse.explain(text, text) to tollhouse_client;

commit;
