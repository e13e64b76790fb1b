-- Deploy tollhouse:admission/explain_blocked to pg

begin;
set local role tollhouse_owner;

-- A tenant's own rows are its administrator's to read: the others learn here which of the two it was, and until when.
create function tollhouse_private.explain_blocked(
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
  v_job tollhouse_private.jobs := jsonb_populate_record(null::tollhouse_private.jobs,
    to_jsonb(p_call) || '{"attempts": 0, "unsent": 0, "request_bytes": 0, "max_output_tokens": 0, "spent_micro_usd": 0}');
  v_switch text;
  v_payer text;
  v_until timestamptz;
  v_passes boolean;
begin
  select r.sentence, r.remedy into why, what_to_do from tollhouse_private.refusal_reasons as r where r.reason = p_call.blocked_reason;
  case p_call.blocked_reason
    when 'provider_kill_switch' then
      v_switch := tollhouse_private.switch_in_words(v_job);
      if v_switch is null then
        what_to_do := 'It is lifted: enqueue again under a new request id.';
      else
        why := format('An operator has stopped calls like this one with %s.', v_switch);
      end if;
    when 'hourly_shutoff' then
      select case hs.user_id when '' then 'tenant' else 'user' end, hs.disabled_until into v_payer, v_until
      from tollhouse_private.hourly_shutoffs as hs
      where hs.tenant_id = p_call.tenant_id and hs.user_id in ('', p_call.user_id) and hs.disabled_until > p_now
      order by hs.disabled_until desc limit 1;
      if found then
        why := format('The %s is shut off until %s.', v_payer, date_trunc('second', v_until));
        what_to_do := 'After that, enqueue again under a new request id; or ask an operator to lift the shutoff.';
      else
        what_to_do := 'It is over: enqueue again under a new request id.';
      end if;
    when 'monthly_cap_exceeded' then
      select c.why, c.what_to_do into why, what_to_do from tollhouse_private.explain_cap(p_call, p_now) as c;
    when 'breaker_open' then
      select bool_or(p.obstacle is null), min(p.open_until), string_agg(distinct p.provider, ', ') filter (where p.obstacle = 'breaker_open')
      into v_passes, v_until, v_payer
      from tollhouse_private.prospects(tollhouse_private.work_of(v_job, null), p_now) as p;
      why := coalesce(format('%s had been failing, so its circuit breaker was open.', v_payer), why);
      what_to_do := case
        when v_passes then 'Calls pass again: enqueue again under a new request id.'
        when v_until > p_now then format('It is open until %s; then enqueue again under a new request id.', date_trunc('second', v_until))
        else what_to_do
      end;
    when 'max_cost_exceeded' then
      why := coalesce(format('The call could have cost %s USD, more than the max_cost_micro_usd it was given.',
        trim_scale(round(p_call.refused_micro_usd / 1000000.0, 6))), why);
    else null;
  end case;

  if p_call.blocked_reason = 'provider_kill_switch' and exists (
    select from tollhouse_private.provider_attempts as pa
    where pa.tenant_id = p_call.tenant_id and pa.call_id = p_call.call_id and pa.created_at = p_call.created_at and pa.outcome = 'aborted'
  ) then
    why := 'A kill switch was pulled while the call was in flight; it was aborted and may have been billed.';
  elsif p_call.attempts > 0 then
    why := format('After %s, at a cost of %s USD, the next one was refused. ',
      case p_call.attempts when 1 then '1 attempt' else p_call.attempts || ' attempts' end, trim_scale(round(p_call.cost_micro_usd / 1000000.0, 6))) || why;
  end if;
end
$$;
comment on function tollhouse_private.explain_blocked(tollhouse_private.llm_api_calls, timestamptz) is
  'Why a call was refused, and what its caller can do about it by now, in words.';

revoke execute on function tollhouse_private.explain_blocked(tollhouse_private.llm_api_calls, timestamptz) from public;
grant execute on function tollhouse_private.explain_blocked(tollhouse_private.llm_api_calls, timestamptz) to tollhouse_engine;

commit;
