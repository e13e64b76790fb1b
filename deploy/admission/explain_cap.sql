-- Deploy tollhouse:admission/explain_cap to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.explain_cap(
  p_call tollhouse_private.llm_api_calls,
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
  v_month date := tollhouse_private.budget_month(p_now);
  v_refused_in date := tollhouse_private.budget_month(p_call.finished_at);
  v_payer text;
  v_fits boolean;
begin
  select case mb.user_id when '' then 'tenant' else 'user' end into v_payer
  from tollhouse_private.monthly_budgets as mb
  where mb.tenant_id = p_call.tenant_id and mb.user_id in ('', p_call.user_id) and mb.month = v_refused_in and mb.cap_micro_usd is not null
  order by mb.cap_micro_usd - mb.spent_micro_usd, mb.user_id desc limit 1;
  select coalesce(bool_and(mb.spent_micro_usd + p_call.refused_micro_usd <= mb.cap_micro_usd), true) into v_fits
  from tollhouse_private.monthly_budgets as mb
  where mb.tenant_id = p_call.tenant_id and mb.user_id in ('', p_call.user_id) and mb.month = v_month and mb.cap_micro_usd is not null;

  why := format('%s did not fit under the monthly cap of the %s.',
    coalesce('The ' || trim_scale(round(p_call.refused_micro_usd / 1000000.0, 6)) || ' USD that the call could have cost', 'The highest possible cost of the call'),
    coalesce(v_payer, 'user or the tenant'));
  what_to_do := case
    when v_refused_in < v_month then 'A new month has begun: enqueue again under a new request id.'
    when v_fits then 'It fits now: enqueue again under a new request id.'
    else format('Ask for less (max_completion_tokens), wait until %s (UTC), or have the cap raised.', (v_month + interval '1 month')::date)
  end;
end
$$;
comment on function tollhouse_private.explain_cap(tollhouse_private.llm_api_calls, timestamptz) is
  'Whose monthly cap refused a call, what it needed, and what its caller can do by now, in words.';

revoke execute on function tollhouse_private.explain_cap(tollhouse_private.llm_api_calls, timestamptz) from public;
grant execute on function tollhouse_private.explain_cap(tollhouse_private.llm_api_calls, timestamptz) to tollhouse_engine;

commit;
