-- Deploy tollhouse:admission/new_job to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.new_job(
  p_endpoint text,
  p_request jsonb,
  p_request_id text,
  p_model text,
  p_watermark text,
  p_use_cache boolean,
  p_max_cost_micro_usd bigint,
  p_run_at timestamptz,
  p_metadata jsonb,
  p_now timestamptz
)
  returns tollhouse_private.jobs
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_identity record;
  v_task tollhouse_private.task_types;
  v_job tollhouse_private.jobs;
begin
  select i.* into v_identity from tollhouse_private.identity() as i;
  if v_identity.tenant_id is null or v_identity.user_id is null then
    raise exception using errcode = 'TH001', message = 'no identity',
      hint = 'In the same transaction, first: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;

  select tt.* into v_task from tollhouse_private.task_types as tt where tt.endpoint = p_endpoint;
  if not found then
    raise exception using errcode = 'TH101', message = 'unknown endpoint',
      detail = format('endpoint %s', coalesce(quote_literal(left(p_endpoint, 128)), 'null')),
      hint = (select 'Known: ' || string_agg(tt.endpoint, ', ' order by tt.endpoint) || '.' from tollhouse_private.task_types as tt);
  end if;

  perform tollhouse_private.check_call(
    v_task, p_request, p_request_id, p_model, p_watermark, p_max_cost_micro_usd, p_run_at, p_metadata, p_now);

  v_job.tenant_id := v_identity.tenant_id;
  v_job.user_id := v_identity.user_id;
  v_job.endpoint := v_task.endpoint;
  v_job.created_at := date_trunc('milliseconds', p_now);
  v_job.call_id := tollhouse_private.new_call_id(p_now);
  v_job.request_id := coalesce(p_request_id, v_job.call_id::text);
  v_job.fingerprint := sha256(convert_to(
    jsonb_build_array(v_identity.user_id, v_task.endpoint, p_request, p_model, p_watermark)::text, 'UTF8'));
  v_job.request := p_request;
  v_job.request_bytes := octet_length(p_request::text);
  v_job.max_output_tokens := coalesce(
    (p_request ->> 'max_completion_tokens')::integer, (p_request ->> 'max_tokens')::integer, v_task.max_output_tokens);
  v_job.metadata := p_metadata;
  v_job.requested_model := p_model;
  v_job.max_cost_micro_usd := p_max_cost_micro_usd;
  v_job.watermark := p_watermark;
  v_job.cache_scope := case v_task.cache_scope when 'user' then v_identity.user_id else '' end;
  if p_use_cache is true and v_task.cache_ttl > '0'
    and tollhouse_private.stricter_capture(v_task.capture, (
      select ts.capture_policy from tollhouse_private.tenant_settings as ts where ts.tenant_id = v_identity.tenant_id
    )) <> 'none'
  then
    v_job.cache_key := sha256(convert_to(jsonb_build_array(
      v_job.tenant_id, v_job.cache_scope, v_task.endpoint, p_watermark, p_request, p_model, v_task.models
    )::text, 'UTF8'));
  end if;
  v_job.run_at := greatest(p_run_at, p_now);
  v_job.state := case when p_run_at > p_now then 'scheduled' else 'queued' end;
  v_job.waits_for := case when p_run_at > p_now then 'run_at' end;
  v_job.attempts := 0;
  v_job.unsent := 0;
  v_job.reserved_micro_usd := 0;
  v_job.spent_micro_usd := 0;
  v_job.cost_basis := 'none';
  v_job.provider_attempted := false;
  return v_job;
end
$$;
comment on function tollhouse_private.new_job(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb, timestamptz) is
  'The job that a request stands for, checked. Raises TH001, TH101 to TH106, TH108, TH109, TH111.';

revoke execute on function tollhouse_private.new_job(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb, timestamptz) from public;

commit;
