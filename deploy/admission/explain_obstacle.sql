-- Deploy tollhouse:admission/explain_obstacle to pg

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
    what_to_do := 'Enqueue it again after that, under a new request id; or ask an operator to lift the shutoff.';
    return;
  end if;

  select p.* into v_prospect from tollhouse_private.prospects(tollhouse_private.work_of(p_job, null), p_now) as p order by p.obstacle is not null, p.preference limit 1;
  if not found then
    why := 'The endpoint has no model that serves it; the next claim will refuse it.';
    what_to_do := 'Ask an operator to give the endpoint a model (tollhouse_ops.set_task_type).';
  elsif v_prospect.obstacle = 'price_unknown' then
    why := format('No price is known for %s; the next claim will refuse it.', v_prospect.model);
    what_to_do := 'Ask an operator to set the price (tollhouse_ops.set_price).';
  elsif v_prospect.obstacle = 'max_cost_exceeded' then
    why := format('It could cost %s USD, more than the max_cost_micro_usd it was given; the next claim will refuse it.',
      trim_scale(round(v_prospect.highest / 1000000.0, 6)));
    what_to_do := 'Enqueue it again under a new request id with a higher max_cost_micro_usd, or ask for less (max_completion_tokens).';
  elsif v_prospect.obstacle = 'breaker_open' then
    why := format(case
      when v_prospect.open_until > p_now then 'The circuit breaker of %s is open until %s; the next claim will refuse it.'
      else 'The circuit breaker of %s waits for the answer to its one probe; before that, nothing else passes.'
    end, v_prospect.provider, date_trunc('second', v_prospect.open_until));
    what_to_do := 'If it is refused, enqueue it again later, under a new request id.';
  else
    select case mb.user_id when '' then 'tenant' else 'user' end into v_payer
    from tollhouse_private.monthly_budgets as mb
    where mb.tenant_id = p_job.tenant_id and mb.user_id in ('', p_job.user_id)
      and mb.month = tollhouse_private.budget_month(p_now)
      and mb.spent_micro_usd + v_prospect.highest > mb.cap_micro_usd
    order by mb.user_id desc limit 1;
    if found then
      why := format('The %s USD that it could cost do not fit under what is left of the %s''s monthly cap; the next claim will refuse it.',
        trim_scale(round(v_prospect.highest / 1000000.0, 6)), v_payer);
      what_to_do := 'Ask for less (max_completion_tokens), wait for the next month (UTC), or have the cap raised.';
    end if;
  end if;
end
$$;
comment on function tollhouse_private.explain_obstacle(tollhouse_private.jobs, timestamptz) is
  'What the next claim will refuse a call for, in words; null when nothing is in its way.';

revoke execute on function tollhouse_private.explain_obstacle(tollhouse_private.jobs, timestamptz) from public;
grant execute on function tollhouse_private.explain_obstacle(tollhouse_private.jobs, timestamptz) to tollhouse_engine;

commit;
