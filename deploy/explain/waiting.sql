-- Deploy tollhouse:explain/waiting to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.explain_obstacle(
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
declare
  v_switch text;
  v_payer text;
  v_until timestamptz;
  v_prospect record;
begin
  v_switch := tollhouse_private.switch_in_words(p_job);
  if v_switch is not null then
    why := format('It is stopped by %s; the next claim will refuse it.', v_switch);
    what_to_do := 'See tollhouse.kill_switches.';
    return;
  end if;
  select case hs.user_id when '' then 'tenant' else 'user' end, hs.disabled_until into v_payer, v_until
  from tollhouse_private.hourly_shutoffs as hs
  where hs.tenant_id = p_job.tenant_id and hs.user_id in ('', p_job.user_id) and hs.disabled_until > p_now
  order by hs.disabled_until desc limit 1;
  if found then
    why := format('The %s is shut off until %s; the next claim will refuse it.', v_payer, date_trunc('second', v_until));
    what_to_do := 'Enqueue it again after that under a new request id, or ask an operator to lift the shutoff.';
    return;
  end if;

  select p.* into v_prospect from tollhouse_private.prospects(tollhouse_private.work_of(p_job, null), p_now) as p order by p.obstacle is not null, p.preference limit 1;
  if not found then
    why := 'The endpoint has no model that can serve it; the next claim will refuse it.';
    what_to_do := 'Ask an operator to add a model to the endpoint (tollhouse_ops.set_task_type).';
  elsif v_prospect.obstacle = 'price_unknown' then
    why := format('Model %s has no price; the next claim will refuse it.', v_prospect.model);
    what_to_do := 'Ask an operator to set the price (tollhouse_ops.set_price).';
  elsif v_prospect.obstacle = 'max_cost_exceeded' then
    why := format('It could cost %s USD, more than its max_cost_micro_usd; the next claim will refuse it.',
      trim_scale(round(v_prospect.highest / 1000000.0, 6)));
    what_to_do := 'Enqueue it again under a new request id, with a higher max_cost_micro_usd or a lower max_completion_tokens.';
  elsif v_prospect.obstacle = 'breaker_open' then
    why := format(case
      when v_prospect.open_until > p_now then 'The circuit breaker of %s is open until %s; the next claim will refuse it.'
      else 'The circuit breaker of %s is half-open: no other call passes until its probe has ended.'
    end, v_prospect.provider, date_trunc('second', v_prospect.open_until));
    what_to_do := 'If it is refused, enqueue it again later under a new request id.';
  else
    select case mb.user_id when '' then 'tenant' else 'user' end into v_payer
    from tollhouse_private.monthly_budgets as mb
    where mb.tenant_id = p_job.tenant_id and mb.user_id in ('', p_job.user_id)
      and mb.month = tollhouse_private.budget_month(p_now)
      and mb.spent_micro_usd + v_prospect.highest > mb.cap_micro_usd
    order by mb.user_id desc limit 1;
    if found then
      why := format('It could cost %s USD, more than is left of the %s''s monthly cap; the next claim will refuse it.',
        trim_scale(round(v_prospect.highest / 1000000.0, 6)), v_payer);
      what_to_do := 'Lower max_completion_tokens, wait for the next month (UTC), or ask an operator to raise the cap.';
    end if;
  end if;
end
$$;
comment on function tollhouse_private.explain_obstacle(tollhouse_private.jobs, timestamptz) is
  'Why the next claim will refuse a call, as a sentence; null when it will not.';

revoke execute on function tollhouse_private.explain_obstacle(tollhouse_private.jobs, timestamptz) from public;
grant execute on function tollhouse_private.explain_obstacle(tollhouse_private.jobs, timestamptz) to tollhouse_engine;

-- Only operators and the tenant's administrator see the tenant's totals.
create function tollhouse_private.explain_line(
  p_job tollhouse_private.jobs,
  p_need bigint,
  p_now timestamptz
)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_budget tollhouse_private.monthly_budgets;
  v_payer text;
  v_shown boolean := true;
begin
  if current_user = 'tollhouse_owner' then
    v_shown := tollhouse_private.reads_all_users();
  end if;
  select mb.* into v_budget
  from tollhouse_private.monthly_budgets as mb
  where mb.tenant_id = p_job.tenant_id and mb.user_id in ('', p_job.user_id) and mb.month = tollhouse_private.budget_month(p_now)
    and mb.cap_micro_usd is not null
  order by mb.reserved_micro_usd + mb.spent_micro_usd + p_need > mb.cap_micro_usd desc,
    mb.line_at is not null desc, mb.cap_micro_usd - mb.reserved_micro_usd - mb.spent_micro_usd, mb.user_id desc
  limit 1;
  v_payer := case v_budget.user_id when '' then 'tenant' else 'user' end;
  return format('It is waiting for calls in flight to settle: it could cost %s USD, which does not fit beside their reservations under the monthly cap%s, or other calls are ahead of it.',
    trim_scale(round(p_need / 1000000.0, 6)),
    case
      when v_payer is null then ''
      when v_payer = 'tenant' and v_shown is not true then ' of the tenant'
      else format(' of the %s (%s USD of %s reserved, %s spent)', v_payer,
        trim_scale(round(v_budget.reserved_micro_usd / 1000000.0, 6)), trim_scale(round(v_budget.cap_micro_usd / 1000000.0, 6)),
        trim_scale(round(v_budget.spent_micro_usd / 1000000.0, 6)))
    end);
end
$$;
comment on function tollhouse_private.explain_line(tollhouse_private.jobs, bigint, timestamptz) is
  'Which monthly cap a call is waiting for and what blocks it there, as a sentence.';

revoke execute on function tollhouse_private.explain_line(tollhouse_private.jobs, bigint, timestamptz) from public;
grant execute on function tollhouse_private.explain_line(tollhouse_private.jobs, bigint, timestamptz) to tollhouse_engine;

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
declare
  v_attempt text := format('Attempt %s', p_job.attempts - p_job.unsent);
  v_failed text := case
    when p_job.waits_for = 'backoff' and p_job.attempts > p_job.unsent and p_job.error_code <> 'not_sent'
    then format('%s failed (%s). ', v_attempt, p_job.error_code)
    else ''
  end;
begin
  what_to_do := 'Nothing. It will continue by itself.';
  if p_job.state = 'scheduled' and p_job.run_at > p_now then
    why := case p_job.waits_for
      when 'backoff' then format('%s failed (%s); the next one is due at %s.', v_attempt, p_job.error_code, date_trunc('second', p_job.run_at))
      when 'rate_limit' then format('Over the rate limit%s; it will be retried at %s, or earlier if its turn comes.',
        ' of ' || p_job.line, date_trunc('second', p_job.run_at))
      when 'budget' then tollhouse_private.explain_line(p_job, p_job.need_micro_usd, p_now)
      else format('It is scheduled to run at %s.', p_job.run_at)
    end;
  elsif p_job.state = 'running'
    and exists (select from tollhouse_private.workers as w where w.worker_id = p_job.worker_id and w.alive_until > p_now)
  then
    why := format('%s has been in flight to %s since %s.', v_attempt, p_job.model, date_trunc('second', p_job.started_at));
  elsif not exists (select from tollhouse_private.workers as w where w.alive_until > p_now) then
    why := case p_job.state
      when 'running' then format('%s was in flight to %s when its worker died, and no other worker is alive.', v_attempt, p_job.model)
      else v_failed || 'No worker is alive.'
    end;
    what_to_do := 'Ask an operator to start one (tollhouse worker).';
  elsif p_job.state = 'running' then
    why := format('%s was in flight to %s when its worker died; another worker will settle it within seconds.', v_attempt, p_job.model);
  elsif p_job.state = 'coalesced' then
    why := 'An identical request is already in flight; this call is waiting for its answer instead of paying twice.';
  else
    select v_failed || o.why, o.what_to_do into why, what_to_do from tollhouse_private.explain_obstacle(p_job, p_now) as o where o.why is not null;
    if not found then
      why := v_failed || 'It is waiting for a free worker.';
      what_to_do := 'Nothing. It will continue by itself.';
    end if;
  end if;
  if exists (select from tollhouse_private.cancel_requests as cr where cr.tenant_id = p_job.tenant_id and cr.call_id = p_job.call_id) then
    why := why || ' It is being cancelled.';
  end if;
end
$$;
comment on function tollhouse_private.explain_waiting(tollhouse_private.jobs, timestamptz) is 'Why a call has not finished yet, as a sentence.';

revoke execute on function tollhouse_private.explain_waiting(tollhouse_private.jobs, timestamptz) from public;
grant execute on function tollhouse_private.explain_waiting(tollhouse_private.jobs, timestamptz) to tollhouse_engine;

commit;
