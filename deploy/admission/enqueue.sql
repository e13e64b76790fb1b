-- Deploy tollhouse:admission/enqueue to pg

begin;
set local role tollhouse_owner;

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
  -- Every query in here is a probe of a key: planning them anew costs more than running them. But one planned while the
  -- tables were empty must still serve when they are full.
  set plan_cache_mode = 'force_generic_plan'
  set enable_seqscan = 'off'
  set enable_mergejoin = 'off'
  set jit = 'off'
as $$
declare
  p_endpoint constant text collate "C" := enqueue.p_endpoint;
  p_request_id constant text collate "C" := enqueue.p_request_id;
  p_model constant text collate "C" := enqueue.p_model;
  p_watermark constant text collate "C" := enqueue.p_watermark;
  v_now timestamptz := clock_timestamp();
  v_job tollhouse_private.jobs;
  v_verdict tollhouse_private.verdict;
  v_result tollhouse_private.attempt_result;
begin
  v_job := tollhouse_private.new_job(
    p_endpoint, p_request, p_request_id, p_model, p_watermark, p_use_cache, p_max_cost_micro_usd, p_run_at, p_metadata, v_now);

  -- Guard 1. Waits for a concurrent enqueue of the same id by the same user.
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
  v_verdict := tollhouse_private.early_verdict(v_job, v_now);
  if v_verdict.verdict = 'cached' then
    v_result := tollhouse_private.cached_result(tollhouse_private.work_of(v_job, null));
  end if;

  if v_verdict.verdict = 'blocked' then
    status := 'blocked';
    blocked_reason := v_verdict.reason;
  elsif v_result.response is not null then
    status := 'success';
    was_cached := true;
  else
    insert into tollhouse_private.jobs select (v_job).*;
    perform tollhouse_private.check_room(v_job.tenant_id, v_job.request_bytes);
    perform tollhouse_private.wake_idle_worker();
    status := v_job.state;
    return;
  end if;
  perform tollhouse_private.close_calls(array[
    tollhouse_private.ending(tollhouse_private.work_of(v_job, null), status, blocked_reason, v_result, v_job)
  ], v_now);
end
$$;
comment on function tollhouse.enqueue(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb) is
  'Asks for one LLM call. p_request: {"prompt": text} or {"messages": […]} with chat-completions parameters. p_request_id: the caller''s idempotency key at that endpoint, the same id with the same request is the same call; other users'' ids are their own. p_watermark: version of the data asked about; another one never hits the cache. status is scheduled, queued, or already success (from the cache) or blocked (blocked_reason says by which guard). Raises TH001 no identity, TH101 unknown endpoint, TH102 invalid request, TH103 too large, TH104 bad request id, TH105 negative cost, TH106 unknown model, TH107 request id reused, TH108 bad watermark, TH109 bad metadata, TH111 bad run_at, TH112 queue is full; then nothing is written.';

revoke execute on function tollhouse.enqueue(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb) from public;
grant execute on function tollhouse.enqueue(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb) to tollhouse_client;

commit;
