-- Deploy tollhouse:explain/call to pg

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
  'How a call ended, or why it is not running, in one row.';

revoke execute on function tollhouse_private.explain_call(tollhouse_private.request_keys, timestamptz) from public;
grant execute on function tollhouse_private.explain_call(tollhouse_private.request_keys, timestamptz) to tollhouse_engine;

create function tollhouse.explain(
  p_endpoint text,
  p_request_id text,
  p_user_id text default null
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
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_endpoint constant text collate "C" := explain.p_endpoint;
  p_request_id constant text collate "C" := explain.p_request_id;
  p_user_id constant text collate "C" := explain.p_user_id;
  v_key tollhouse_private.request_keys;
begin
  for v_key in
    select rk.* from tollhouse_private.request_keys as rk
    where rk.tenant_id = tollhouse_private.current_tenant_id() and rk.endpoint = p_endpoint and rk.request_id = p_request_id
      and (p_user_id is null or rk.user_id = p_user_id)
    order by rk.created_at desc
    limit 100
  loop
    return query select e.* from tollhouse_private.explain_call(v_key, clock_timestamp()) as e;
  end loop;
  if found then
    return;
  end if;

  status := 'unknown';
  if tollhouse_private.current_tenant_id() is null then
    why := 'The session has no identity, so no call is visible to you.';
    what_to_do := 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').';
  elsif not exists (select from tollhouse_private.task_types as tt where tt.endpoint = p_endpoint) then
    why := format('There is no endpoint %L.', left(p_endpoint, 128));
    what_to_do := (select 'Known: ' || string_agg(tt.endpoint, ', ' order by tt.endpoint) || '.' from tollhouse_private.task_types as tt);
  else
    why := 'You have no call with this request id at this endpoint.';
    what_to_do := 'Check both, and that the transaction that enqueued it has committed.';
  end if;
  return next;
end
$$;
comment on function tollhouse.explain(text, text, text) is
  'Why your call is not running, or how it ended, in one row; why and what_to_do are sentences. queue_position is the call''s place among the queued calls of its user, 1 being the oldest; because tenants and users take turns, it is not the number of calls ahead of it. A tenant''s administrator gets a row for each user who has used the request id, for the 100 latest calls, newest first; p_user_id restricts it to one user.';

revoke execute on function tollhouse.explain(text, text, text) from public;
grant execute on function tollhouse.explain(text, text, text) to tollhouse_client;

set local role tollhouse_engine;

create function tollhouse_ops.explain(
  p_tenant_id text,
  p_endpoint text,
  p_request_id text,
  p_user_id text default null
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
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_tenant_id constant text collate "C" := explain.p_tenant_id;
  p_endpoint constant text collate "C" := explain.p_endpoint;
  p_request_id constant text collate "C" := explain.p_request_id;
  p_user_id constant text collate "C" := explain.p_user_id;
  v_key tollhouse_private.request_keys;
begin
  for v_key in
    select rk.* from tollhouse_private.request_keys as rk
    where rk.tenant_id = p_tenant_id and rk.endpoint = p_endpoint and rk.request_id = p_request_id
      and (p_user_id is null or rk.user_id = p_user_id)
    order by rk.created_at desc
    limit 100
  loop
    return query select e.* from tollhouse_private.explain_call(v_key, clock_timestamp()) as e;
  end loop;
  if found then
    return;
  end if;
  status := 'unknown';
  why := format('Tenant %L has no call with this request id at endpoint %L%s.', left(p_tenant_id, 128), left(p_endpoint, 128),
    case when p_user_id is not null then format(' of user %L', left(p_user_id, 128)) else '' end);
  what_to_do := 'Check all of these, and that the transaction that enqueued it has committed.';
  return next;
end
$$;
comment on function tollhouse_ops.explain(text, text, text, text) is
  'tollhouse.explain for operators: a row for each user who has used the request id, for the 100 latest calls, newest first; p_user_id restricts it to one user.';

revoke execute on function tollhouse_ops.explain(text, text, text, text) from public;
grant execute on function tollhouse_ops.explain(text, text, text, text) to tollhouse_operator, tollhouse_auditor;

commit;
