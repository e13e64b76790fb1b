-- Deploy tollhouse:admission/explain_call to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.explain_call(
  p_key tollhouse_private.request_keys,
  p_now timestamptz
)
  returns table (
    call_id uuid,
    user_id text,
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
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call tollhouse_private.llm_api_calls;
  v_job tollhouse_private.jobs;
begin
  call_id := p_key.call_id;
  user_id := p_key.user_id;

  select c.* into v_call from tollhouse_private.llm_api_calls as c
  where c.tenant_id = p_key.tenant_id and c.call_id = p_key.call_id and c.created_at = p_key.created_at;
  if found then
    status := v_call.status;
    since := v_call.finished_at;
    attempts := v_call.attempts;
    last_error := nullif(concat_ws(': ', v_call.error_code, v_call.error_message), '');
    select e.why, e.what_to_do into why, what_to_do from tollhouse_private.explain_ended(v_call, p_now) as e;
    return next;
    return;
  end if;

  select j.* into v_job from tollhouse_private.jobs as j where j.tenant_id = p_key.tenant_id and j.call_id = p_key.call_id;
  status := case v_job.state when 'coalesced' then 'queued' else v_job.state end;
  since := coalesce(v_job.started_at, v_job.created_at);
  next_try_at := case when v_job.state = 'scheduled' and v_job.waits_for is distinct from 'budget' then v_job.run_at end;
  attempts := v_job.attempts - v_job.unsent;
  last_error := nullif(concat_ws(': ', v_job.error_code, v_job.error_message), '');
  if v_job.state = 'queued' then
    select count(*) + 1 into queue_position
    from tollhouse_private.jobs as j
    where j.state = 'queued' and j.tenant_id = v_job.tenant_id and j.user_id = v_job.user_id and j.call_id < v_job.call_id;
  end if;
  select w.why, w.what_to_do into why, what_to_do from tollhouse_private.explain_waiting(v_job, p_now) as w;
  return next;
end
$$;
comment on function tollhouse_private.explain_call(tollhouse_private.request_keys, timestamptz) is
  'What became of a call, or why it is not running, in one row.';

revoke execute on function tollhouse_private.explain_call(tollhouse_private.request_keys, timestamptz) from public;
grant execute on function tollhouse_private.explain_call(tollhouse_private.request_keys, timestamptz) to tollhouse_engine;

commit;
