-- Deploy tollhouse:cache/guard to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.guard_cache(
  p_jobs tollhouse_private.jobs[],
  p_now timestamptz
)
  returns setof tollhouse_private.verdict
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select j.call_id, 'cached', null::text, null::timestamptz, null::bigint
  from unnest(p_jobs) as j
  where j.cache_key is not null
    -- What has been sent is a call with a cost of its own, whose ledger row can't be one from the cache.
    and not j.provider_attempted
    -- Not exists(), and no look at expires_at before the key: one probe of it per call, whatever the planner thinks.
    and (
      select rc.expires_at
      from tollhouse_private.response_cache as rc
      where rc.tenant_id = j.tenant_id
        and rc.scope = j.cache_scope
        and rc.endpoint = j.endpoint
        and rc.cache_key = j.cache_key
        and rc.watermark = j.watermark
    ) > p_now;
end
$$;
comment on function tollhouse_private.guard_cache(tollhouse_private.jobs[], timestamptz) is
  'Answers from the cache what has a fresh entry under the same key and watermark.';

revoke execute on function tollhouse_private.guard_cache(tollhouse_private.jobs[], timestamptz) from public;
grant execute on function tollhouse_private.guard_cache(tollhouse_private.jobs[], timestamptz) to tollhouse_engine;

commit;
