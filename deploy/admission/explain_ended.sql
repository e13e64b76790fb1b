-- Deploy tollhouse:admission/explain_ended to pg

begin;
set local role tollhouse_owner;

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
  what_to_do := 'Nothing: it is over.';
  case
    when p_call.status = 'blocked' then
      select b.why, b.what_to_do into why, what_to_do from tollhouse_private.explain_blocked(p_call, p_now) as b;
    when p_call.was_coalesced then why := 'Answered together with the same request that was under way, free of charge.';
    when p_call.was_cached then why := 'Answered from the cache, free of charge.';
    when p_call.status = 'success' then why := format('Answered by %s after %s.', p_call.model, v_attempts);
    when p_call.status = 'cancelled' then why := 'It was cancelled.';
    else
      why := case
        when p_call.provider_attempted
          then format('Failed after %s, at a cost of %s USD. The last one, model %s at provider %s, ended with %s.', v_attempts,
            trim_scale(round(p_call.cost_micro_usd / 1000000.0, 6)), p_call.model, p_call.provider, coalesce(p_call.error_code, 'no error code'))
        else format('Failed after %s, none of which could be sent.', v_attempts)
      end;
      what_to_do := 'Read last_error; to try again, enqueue under a new request id.';
  end case;
end
$$;
comment on function tollhouse_private.explain_ended(tollhouse_private.llm_api_calls, timestamptz) is
  'What became of a finished call, and what its caller can do about it by now, in words.';

revoke execute on function tollhouse_private.explain_ended(tollhouse_private.llm_api_calls, timestamptz) from public;
grant execute on function tollhouse_private.explain_ended(tollhouse_private.llm_api_calls, timestamptz) to tollhouse_engine;

commit;
