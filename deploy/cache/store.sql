-- Deploy tollhouse:cache/store to pg
-- requires: cache/response_cache
-- requires: execution/settlement
-- requires: distillation/capture

begin;
set local role tollhouse_engine;

create function tollhouse_private.store_answers(
  p_settlements tollhouse_private.settlement[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into tollhouse_private.response_cache as rc
    (tenant_id, scope, endpoint, cache_key, watermark, origin_call_id, provider, model, cost_micro_usd, response, expires_at)
  select distinct on ((s.job).tenant_id, (s.job).cache_scope, (s.job).endpoint, (s.job).cache_key, (s.job).watermark)
    (s.job).tenant_id, (s.job).cache_scope, (s.job).endpoint, (s.job).cache_key, (s.job).watermark,
    (s.job).call_id, (s.job).provider, (s.job).model, s.cost_micro_usd, (s.result).response, p_now + tt.cache_ttl
  from unnest(p_settlements) as s
  join tollhouse_private.task_types as tt on tt.endpoint = (s.job).endpoint
  left join tollhouse_private.tenant_settings as ts on ts.tenant_id = (s.job).tenant_id
  where s.status = 'success'
    and (s.job).cache_key is not null
    and tt.cache_ttl > '0'
    and tollhouse_private.stricter_capture(tt.capture, ts.capture_policy) <> 'none'
  order by (s.job).tenant_id, (s.job).cache_scope, (s.job).endpoint, (s.job).cache_key, (s.job).watermark
  on conflict (tenant_id, scope, endpoint, cache_key, watermark) do update
  set
    origin_call_id = excluded.origin_call_id,
    provider = excluded.provider,
    model = excluded.model,
    cost_micro_usd = excluded.cost_micro_usd,
    response = excluded.response,
    expires_at = excluded.expires_at;
end
$$;
comment on function tollhouse_private.store_answers(tollhouse_private.settlement[], timestamptz) is
  'Keeps the answers of the successes for their endpoint''s cache lifetime, unless nothing of them may be kept.';

create function tollhouse_private.cached_result(
  p_job tollhouse_private.jobs
)
  returns tollhouse_private.attempt_result
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select jsonb_populate_record(null::tollhouse_private.attempt_result, jsonb_build_object(
    'tenant_id', rc.tenant_id, 'call_id', p_job.call_id, 'provider', rc.provider, 'model', rc.model, 'response', rc.response,
    'saved_micro_usd', rc.cost_micro_usd
  ))
  from tollhouse_private.response_cache as rc
  where rc.tenant_id = p_job.tenant_id
    and rc.scope = p_job.cache_scope
    and rc.endpoint = p_job.endpoint
    and rc.cache_key = p_job.cache_key
    and rc.watermark = p_job.watermark
$$;
comment on function tollhouse_private.cached_result(tollhouse_private.jobs) is 'The cached answer to that call, as a result.';

revoke execute on function tollhouse_private.store_answers(tollhouse_private.settlement[], timestamptz) from public;
revoke execute on function tollhouse_private.cached_result(tollhouse_private.jobs) from public;
grant execute on function tollhouse_private.cached_result(tollhouse_private.jobs) to tollhouse_owner;

commit;
