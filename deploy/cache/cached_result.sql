-- Deploy tollhouse:cache/cached_result to pg

begin;
set local role tollhouse_engine;

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

revoke execute on function tollhouse_private.cached_result(tollhouse_private.jobs) from public;
grant execute on function tollhouse_private.cached_result(tollhouse_private.jobs) to tollhouse_owner;

commit;
