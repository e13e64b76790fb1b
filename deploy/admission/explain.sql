-- Deploy tollhouse:admission/explain to pg
-- requires: ledger/llm_api_calls
-- requires: idempotency/request_keys
-- requires: admission/explain_blocked
-- requires: admission/explain_waiting

begin;
set local role tollhouse_owner;

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
        select b.why, b.what_to_do into why, what_to_do from tollhouse_private.explain_blocked(v_call, v_now) as b;
      when v_call.was_coalesced then why := 'Answered together with the same request that was under way, free of charge.';
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

revoke execute on function tollhouse.explain(text, text) from public;
grant execute on function tollhouse.explain(text, text) to tollhouse_client;

commit;
