-- Deploy tollhouse:cache/store_answers to pg

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

revoke execute on function tollhouse_private.store_answers(tollhouse_private.settlement[], timestamptz) from public;

commit;
