-- Deploy tollhouse:admission/existing_call to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.existing_call(
  p_job tollhouse_private.jobs,
  out call_id uuid,
  out request_id text,
  out status text,
  out blocked_reason text,
  out was_cached boolean,
  out deduplicated boolean
)
  returns record
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_key tollhouse_private.request_keys;
begin
  select rk.* into v_key
  from tollhouse_private.request_keys as rk
  where rk.tenant_id = p_job.tenant_id
    and rk.endpoint = p_job.endpoint
    and rk.request_id = p_job.request_id
    and rk.user_id = p_job.user_id;
  if not found or v_key.fingerprint is distinct from p_job.fingerprint then
    raise exception using errcode = 'TH107', message = 'request id already used for another request',
      detail = format('endpoint %s, request id %s', p_job.endpoint, p_job.request_id),
      hint = 'A request id of yours stands for one request: use a new id for a new request.';
  end if;

  existing_call.call_id := v_key.call_id;
  existing_call.request_id := v_key.request_id;
  existing_call.deduplicated := true;
  select c.status, c.blocked_reason, c.was_cached
  into existing_call.status, existing_call.blocked_reason, existing_call.was_cached
  from tollhouse_private.llm_api_calls as c
  where c.tenant_id = v_key.tenant_id and c.call_id = v_key.call_id and c.created_at = v_key.created_at;
  if not found then
    select case j.state when 'coalesced' then 'queued' else j.state end, false
    into existing_call.status, existing_call.was_cached
    from tollhouse_private.jobs as j
    where j.tenant_id = v_key.tenant_id and j.call_id = v_key.call_id;
  end if;
end
$$;
comment on function tollhouse_private.existing_call(tollhouse_private.jobs) is
  'What became of the user''s call that already has this request id. Raises TH107 when it was another request.';

revoke execute on function tollhouse_private.existing_call(tollhouse_private.jobs) from public;

commit;
