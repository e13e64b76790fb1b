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
as $$
declare
  p_endpoint constant text collate "C" := enqueue.p_endpoint;
  p_request_id constant text collate "C" := enqueue.p_request_id;
  p_model constant text collate "C" := enqueue.p_model;
  p_watermark constant text collate "C" := enqueue.p_watermark;
  v_identity record;
begin
  select i.* into v_identity from tollhouse_private.identity() as i;
  if v_identity.user_id is null then
    raise exception using errcode = 'TH001', message = 'no identity',
      hint = 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;
  select e.* into call_id, request_id, status, blocked_reason, was_cached, deduplicated
  from tollhouse_private.enqueue_calls(v_identity.tenant_id, v_identity.user_id, array[
    row(p_endpoint, p_request, p_request_id, p_model, p_watermark, p_use_cache, p_max_cost_micro_usd, p_run_at, p_metadata)::tollhouse_private.asked_call
  ], false) as e;
end
$$;
comment on function tollhouse.enqueue(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb) is
  'Asks for one LLM call. p_request: {"prompt": text} or {"messages": […]} with chat-completions parameters. p_request_id: the caller''s idempotency key at that endpoint, the same id with the same request is the same call; other users'' ids are their own. p_watermark: version of the data asked about; another one never hits the cache. status is scheduled, queued, or already success (from the cache) or blocked (blocked_reason says by which guard). Raises TH001 no identity, TH101 unknown endpoint, TH102 invalid request, TH103 too large, TH104 bad request id, TH105 negative cost, TH106 unknown model, TH107 request id reused, TH108 bad watermark, TH109 bad metadata, TH111 bad run_at, TH112 queue is full; then nothing is written.';

revoke execute on function tollhouse.enqueue(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb) from public;
grant execute on function tollhouse.enqueue(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb) to tollhouse_client;

create function tollhouse.enqueue_as(
  p_tenant_id text,
  p_user_id text,
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
as $$
declare
  p_tenant_id constant text collate "C" := enqueue_as.p_tenant_id;
  p_user_id constant text collate "C" := enqueue_as.p_user_id;
  p_endpoint constant text collate "C" := enqueue_as.p_endpoint;
  p_request_id constant text collate "C" := enqueue_as.p_request_id;
  p_model constant text collate "C" := enqueue_as.p_model;
  p_watermark constant text collate "C" := enqueue_as.p_watermark;
begin
  -- Raises, unless that is who the session is from now on.
  perform tollhouse.set_identity(p_tenant_id, p_user_id);
  select e.* into call_id, request_id, status, blocked_reason, was_cached, deduplicated
  from tollhouse_private.enqueue_calls(p_tenant_id, p_user_id, array[
    row(p_endpoint, p_request, p_request_id, p_model, p_watermark, p_use_cache, p_max_cost_micro_usd, p_run_at, p_metadata)::tollhouse_private.asked_call
  ], false) as e;
end
$$;
comment on function tollhouse.enqueue_as(text, text, text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb) is
  'set_identity and enqueue in one statement and one round trip. The identity holds for the rest of the transaction. Raises as set_identity does (TH002 malformed, TH003 the login is bound to someone else), and as enqueue does.';

revoke execute on function tollhouse.enqueue_as(text, text, text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb) from public;
grant execute on function tollhouse.enqueue_as(text, text, text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb) to tollhouse_client;

commit;
