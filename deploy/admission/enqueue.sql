-- Deploy tollhouse:admission/enqueue to pg
-- requires: admission/new_job
-- requires: idempotency/request_keys
-- requires: kill_switch/guard
-- requires: shutoff/guard
-- requires: cache/guard
-- requires: cache/cached_result
-- requires: execution/close_calls
-- requires: queue/channels

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
    and rk.request_id = p_job.request_id;
  -- Another user's key is not visible here, and just as taken.
  if not found or v_key.fingerprint is distinct from p_job.fingerprint then
    raise exception using errcode = 'TH107', message = 'request id already used for another request',
      detail = format('endpoint %s, request id %s', p_job.endpoint, p_job.request_id),
      hint = 'A request id stands for one request of one user: use a new id for a new request.';
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
  'What became of the call that already has this request id. Raises TH107 when it was another request.';

create function tollhouse.enqueue(
  p_endpoint text,
  p_request jsonb,
  p_request_id text default null,
  p_model text default null,
  p_watermark text default '',
  p_use_cache boolean default true,
  p_max_cost_micro_usd bigint default null,
  p_run_at timestamptz default null,
  p_metadata jsonb default null,
  out call_id uuid,
  out request_id text,
  out status text,
  out blocked_reason text,
  out was_cached boolean,
  out deduplicated boolean
)
  returns record
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
  -- Every query in here is a probe of a key: planning them anew costs more than running them.
  set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_job tollhouse_private.jobs;
  v_jobs tollhouse_private.jobs[];
  v_verdict tollhouse_private.verdict;
  v_result tollhouse_private.attempt_result;
begin
  v_job := tollhouse_private.new_job(
    p_endpoint, p_request, p_request_id, p_model, p_watermark, p_use_cache, p_max_cost_micro_usd, p_run_at, p_metadata, v_now);

  -- Guard 1. Waits for a concurrent enqueue of the same id.
  insert into tollhouse_private.request_keys (tenant_id, endpoint, request_id, user_id, call_id, created_at, fingerprint)
  values (v_job.tenant_id, v_job.endpoint, v_job.request_id, v_job.user_id, v_job.call_id, v_job.created_at, v_job.fingerprint)
  on conflict do nothing;
  if not found then
    select e.* into call_id, request_id, status, blocked_reason, was_cached, deduplicated
    from tollhouse_private.existing_call(v_job) as e;
    return;
  end if;
  call_id := v_job.call_id;
  request_id := v_job.request_id;
  was_cached := false;
  deduplicated := false;

  -- Guards 2 to 4, as far as they are certain already; the claim decides them again.
  v_jobs := array[v_job];
  select v.* into v_verdict from tollhouse_private.guard_kill_switch(v_jobs) as v;
  if v_verdict.call_id is null then
    select v.* into v_verdict from tollhouse_private.guard_hourly_shutoff(v_jobs, v_now) as v;
  end if;
  if v_verdict.call_id is null and v_job.state = 'queued' then
    select v.* into v_verdict from tollhouse_private.guard_cache(v_jobs, v_now) as v;
    if v_verdict.call_id is not null then
      v_result := tollhouse_private.cached_result(v_job);
    end if;
  end if;

  if v_verdict.verdict = 'blocked' then
    status := 'blocked';
    blocked_reason := v_verdict.reason;
  elsif v_verdict.verdict = 'cached' and v_result.response is not null then
    status := 'success';
    was_cached := true;
  else
    insert into tollhouse_private.jobs select (v_job).*;
    perform tollhouse_private.wake_idle_worker();
    status := v_job.state;
    return;
  end if;
  perform tollhouse_private.close_calls(array[
    row(v_job, v_result, status, blocked_reason, was_cached, false, 'ignored', 0, 'none', null)::tollhouse_private.settlement
  ], v_now);
end
$$;
comment on function tollhouse.enqueue(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb) is
  'Asks for one LLM call. p_request: {"prompt": text} or {"messages": […]} with chat-completions parameters. p_request_id: idempotency key, the same id with the same request is the same call. p_watermark: version of the data asked about; another one never hits the cache. status is scheduled, queued, or already success (from the cache) or blocked (blocked_reason says by which guard). Raises TH001 no identity, TH101 unknown endpoint, TH102 invalid request, TH103 too large, TH104 bad request id, TH105 negative cost, TH106 unknown model, TH107 request id reused, TH108 bad watermark, TH109 bad metadata; then nothing is written.';

create function tollhouse.enqueue_many(
  p_calls jsonb
)
  returns table (
    call_id uuid,
    request_id text,
    status text,
    blocked_reason text,
    was_cached boolean,
    deduplicated boolean
  )
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  c_keys constant text[] := array[
    'endpoint', 'request', 'request_id', 'model', 'watermark', 'use_cache', 'max_cost_micro_usd', 'run_at', 'metadata'
  ];
  v_item record;
  v_key text;
  v_call record;
  v_message text;
  v_detail text;
  v_hint text;
begin
  if p_calls is null or jsonb_typeof(p_calls) <> 'array' then
    raise exception using errcode = 'TH102', message = 'invalid request', detail = 'p_calls is not a JSON array',
      hint = 'Pass [{"endpoint": …, "request": …, "request_id": …}, …].';
  end if;

  -- In the order of their keys, so that two batches with common ids never wait for each other in a circle.
  for v_item in
    select item.body, item.position
    from jsonb_array_elements(p_calls) with ordinality as item (body, position)
    order by item.body ->> 'endpoint', item.body ->> 'request_id', item.position
  loop
    begin
      if jsonb_typeof(v_item.body) <> 'object' then
        raise exception using errcode = 'TH102', message = 'invalid request', detail = 'it is not a JSON object',
          hint = 'Pass [{"endpoint": …, "request": …, "request_id": …}, …].';
      end if;
      select k.key into v_key from jsonb_object_keys(v_item.body) as k (key) where k.key <> all (c_keys) order by 1 limit 1;
      if found then
        raise exception using errcode = 'TH102', message = 'invalid request', detail = format('unknown key %I', left(v_key, 60)),
          hint = 'Known: ' || array_to_string(c_keys, ', ') || '.';
      end if;
      select c.* into v_call
      from jsonb_to_record(v_item.body) as c (
        endpoint text, request jsonb, request_id text, model text, watermark text, use_cache boolean,
        max_cost_micro_usd bigint, run_at timestamptz, metadata jsonb
      );
      return query
      select e.*
      from tollhouse.enqueue(
        v_call.endpoint, v_call.request, v_call.request_id, v_call.model, coalesce(v_call.watermark, ''),
        coalesce(v_call.use_cache, true), v_call.max_cost_micro_usd, v_call.run_at, v_call.metadata
      ) as e;
    exception
      when others then
        get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
        if sqlstate like '22%' then
          raise exception using errcode = 'TH102', message = 'invalid request',
            detail = format('call %s of the array: %s', v_item.position, v_message),
            hint = 'A field has a value of the wrong type.';
        end if;
        if sqlstate not like 'TH%' then
          raise;
        end if;
        raise exception using errcode = sqlstate, message = v_message,
          detail = format('call %s of the array: %s', v_item.position, v_detail), hint = v_hint;
    end;
  end loop;
end
$$;
comment on function tollhouse.enqueue_many(jsonb) is
  'enqueue for each object of an array (keys: its parameters without p_), all or none; the error names the call. Rows come back ordered by endpoint and request id. Raises as enqueue does.';

revoke execute on function tollhouse_private.existing_call(tollhouse_private.jobs) from public;
revoke execute on function tollhouse.enqueue(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb) from public;
revoke execute on function tollhouse.enqueue_many(jsonb) from public;
grant execute on function tollhouse.enqueue(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb) to tollhouse_client;
grant execute on function tollhouse.enqueue_many(jsonb) to tollhouse_client;

commit;
