-- Deploy tollhouse:explain/ended to pg

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
    coalesce(v_payer, 'user or tenant'));
  what_to_do := case
    when v_refused_in < v_month then 'A new month has begun. Enqueue again under a new request id.'
    when v_fits then 'It would fit now. Enqueue again under a new request id.'
    else format('Lower max_completion_tokens, wait until %s (UTC), or ask an operator to raise the cap.', (v_month + interval '1 month')::date)
  end;
end
$$;
comment on function tollhouse_private.explain_cap(tollhouse_private.llm_api_calls, timestamptz) is
  'Whose monthly cap refused a call, how much it needed, and what its caller can do now, as sentences.';

revoke execute on function tollhouse_private.explain_cap(tollhouse_private.llm_api_calls, timestamptz) from public;
grant execute on function tollhouse_private.explain_cap(tollhouse_private.llm_api_calls, timestamptz) to tollhouse_engine;

-- Only an administrator reads the tenant's own rows; other users learn here which of the two it was, and until when.
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
        what_to_do := 'The switch has been lifted. Enqueue again under a new request id.';
      else
        why := format('Calls like this one are stopped by %s.', v_switch);
      end if;
    when 'hourly_shutoff' then
      select case hs.user_id when '' then 'tenant' else 'user' end, hs.disabled_until into v_payer, v_until
      from tollhouse_private.hourly_shutoffs as hs
      where hs.tenant_id = p_call.tenant_id and hs.user_id in ('', p_call.user_id) and hs.disabled_until > p_now
      order by hs.disabled_until desc limit 1;
      if found then
        why := format('The %s is shut off until %s.', v_payer, date_trunc('second', v_until));
        what_to_do := 'Enqueue again after that under a new request id, or ask an operator to lift the shutoff.';
      else
        what_to_do := 'The shutoff has ended. Enqueue again under a new request id.';
      end if;
    when 'monthly_cap_exceeded' then
      select c.why, c.what_to_do into why, what_to_do from tollhouse_private.explain_cap(p_call, p_now) as c;
    when 'breaker_open' then
      select bool_or(p.obstacle is null), min(p.open_until), string_agg(distinct p.provider, ', ') filter (where p.obstacle = 'breaker_open')
      into v_passes, v_until, v_payer
      from tollhouse_private.prospects(tollhouse_private.work_of(v_job, null), p_now) as p;
      why := coalesce(format('%s had been failing, so its circuit breaker was open.', v_payer), why);
      what_to_do := case
        when v_passes then 'Calls pass again. Enqueue again under a new request id.'
        when v_until > p_now then format('The breaker is open until %s. Enqueue again after that under a new request id.', date_trunc('second', v_until))
        else what_to_do
      end;
    when 'max_cost_exceeded' then
      why := coalesce(format('The call could have cost %s USD, more than its max_cost_micro_usd.',
        trim_scale(round(p_call.refused_micro_usd / 1000000.0, 6))), why);
    else null;
  end case;

  if p_call.blocked_reason = 'provider_kill_switch' and exists (
    select from tollhouse_private.provider_attempts as pa
    where pa.tenant_id = p_call.tenant_id and pa.call_id = p_call.call_id and pa.created_at = p_call.created_at and pa.outcome = 'aborted'
  ) then
    why := 'A kill switch was pulled while the call was in flight. It was aborted and may have been billed.';
  elsif p_call.attempts > 0 then
    why := format('After %s costing %s USD, the next one was refused. ',
      case p_call.attempts when 1 then '1 attempt' else p_call.attempts || ' attempts' end, trim_scale(round(p_call.cost_micro_usd / 1000000.0, 6))) || why;
  end if;
end
$$;
comment on function tollhouse_private.explain_blocked(tollhouse_private.llm_api_calls, timestamptz) is
  'Why a call was refused, and what its caller can do about it now, as sentences.';

revoke execute on function tollhouse_private.explain_blocked(tollhouse_private.llm_api_calls, timestamptz) from public;
grant execute on function tollhouse_private.explain_blocked(tollhouse_private.llm_api_calls, timestamptz) to tollhouse_engine;

create function tollhouse_private.explain_ended(
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
  v_attempts text := case p_call.attempts when 1 then '1 attempt' else p_call.attempts || ' attempts' end;
begin
  what_to_do := 'Nothing. The call has ended.';
  case
    when p_call.status = 'blocked' then
      select b.why, b.what_to_do into why, what_to_do from tollhouse_private.explain_blocked(p_call, p_now) as b;
    when p_call.was_coalesced then why := 'Answered free of charge with the result of an identical request in flight.';
    when p_call.was_cached then why := 'Answered free of charge from the cache.';
    when p_call.status = 'success' then why := format('Answered by %s after %s.', p_call.model, v_attempts);
    when p_call.status = 'cancelled' then why := 'The call was cancelled.';
    else
      why := case
        when p_call.provider_attempted
          then format('Failed after %s costing %s USD. The last one (model %s, provider %s) ended with %s.', v_attempts,
            trim_scale(round(p_call.cost_micro_usd / 1000000.0, 6)), p_call.model, p_call.provider, coalesce(p_call.error_code, 'no error code'))
        else format('Failed without sending a request (%s).', v_attempts)
      end;
      what_to_do := 'See last_error. To try again, enqueue under a new request id.';
  end case;
end
$$;
comment on function tollhouse_private.explain_ended(tollhouse_private.llm_api_calls, timestamptz) is
  'How a call ended, and what its caller can do about it now, as sentences.';

revoke execute on function tollhouse_private.explain_ended(tollhouse_private.llm_api_calls, timestamptz) from public;
grant execute on function tollhouse_private.explain_ended(tollhouse_private.llm_api_calls, timestamptz) to tollhouse_engine;

set local role tollhouse_engine;

-- Takes the key, not the row: the monitor may not read every column.
create function tollhouse_ops.explain_ended(
  p_tenant_id text,
  p_call_id uuid,
  p_created_at timestamptz,
  out why text,
  out what_to_do text
)
  returns record
  language plpgsql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_tenant_id constant text collate "C" := explain_ended.p_tenant_id;
begin
  select e.why, e.what_to_do into why, what_to_do
  from tollhouse_private.llm_api_calls as c
  cross join lateral tollhouse_private.explain_ended(c, clock_timestamp()) as e
  where c.tenant_id = p_tenant_id and c.call_id = p_call_id and c.created_at = p_created_at;
end
$$;
comment on function tollhouse_ops.explain_ended(text, uuid, timestamptz) is
  'For a row of the ledger: how the call ended, and what its caller can do about it, as sentences.';

revoke execute on function tollhouse_ops.explain_ended(text, uuid, timestamptz) from public;
grant execute on function tollhouse_ops.explain_ended(text, uuid, timestamptz) to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

create view tollhouse_ops.explained_calls with (security_invoker = true) as
select
  c.tenant_id, c.call_id, c.created_at, c.finished_at, c.user_id, c.endpoint, c.request_id,
  c.status, c.blocked_reason, c.was_cached, c.model, c.cost_micro_usd, c.latency_ms,
  e.why, e.what_to_do
from tollhouse_private.llm_api_calls as c
cross join lateral tollhouse_ops.explain_ended(c.tenant_id, c.call_id, c.created_at) as e;
comment on view tollhouse_ops.explained_calls is
  'Finished calls, each with a reason and a remedy. The sentences are built for every row read, so always use a limit.';

grant select on tollhouse_ops.explained_calls to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
