-- Deploy tollhouse:cache/guard to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.kept_answer(
  p_tenant_id text,
  p_call_id uuid
)
  returns jsonb
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_created_at constant timestamptz := tollhouse_private.call_created_at(p_call_id);
begin
  return (
    select cc.response
    from tollhouse_private.call_content as cc
    where cc.tenant_id = p_tenant_id
      and cc.call_id = p_call_id
      and cc.created_at = v_created_at
  );
end
$$;
comment on function tollhouse_private.kept_answer(text, uuid) is
  'The answer of a call whose content is kept; null once it has been removed, by retention or otherwise.';

revoke execute on function tollhouse_private.kept_answer(text, uuid) from public;

-- Inlined, so that no answer is read if the entry alone is enough.
create function tollhouse_private.has_answer(
  p_entry tollhouse_private.response_cache,
  p_now timestamptz
)
  returns boolean
  language sql
  stable
as $$
  select p_entry.expires_at > p_now
    and (p_entry.response is not null or tollhouse_private.kept_answer(p_entry.tenant_id, p_entry.call_id) is not null)
$$;
comment on function tollhouse_private.has_answer(tollhouse_private.response_cache, timestamptz) is
  'Whether an entry is fresh and its answer still exists; null while it is pending.';

revoke execute on function tollhouse_private.has_answer(tollhouse_private.response_cache, timestamptz) from public;

create function tollhouse_private.cached_result(
  p_job tollhouse_private.work
)
  returns tollhouse_private.attempt_result
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select jsonb_populate_record(null::tollhouse_private.attempt_result, jsonb_build_object(
    'tenant_id', rc.tenant_id, 'call_id', p_job.call_id, 'provider', rc.provider, 'model', rc.model,
    'response', coalesce(rc.response, tollhouse_private.kept_answer(rc.tenant_id, rc.call_id)),
    'saved_micro_usd', rc.cost_micro_usd
  ))
  from tollhouse_private.response_cache as rc
  where rc.tenant_id = p_job.tenant_id
    and rc.cache_key = p_job.cache_key
    and rc.scope = p_job.cache_scope
    and rc.expires_at is not null
$$;
comment on function tollhouse_private.cached_result(tollhouse_private.work) is
  'The cached answer to a call, as a result; its response is null if the answer is gone.';

revoke execute on function tollhouse_private.cached_result(tollhouse_private.work) from public;

create function tollhouse_private.guard_cache(
  p_jobs tollhouse_private.work[],
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
    -- A call that has been sent has a cost of its own, so its ledger row can't say cached.
    and not j.provider_attempted
    -- Not exists(): this forces one probe of the key per call.
    and (
      select tollhouse_private.has_answer(rc, p_now)
      from tollhouse_private.response_cache as rc
      where rc.tenant_id = j.tenant_id
        and rc.cache_key = j.cache_key
        and rc.scope = j.cache_scope
    );
end
$$;
comment on function tollhouse_private.guard_cache(tollhouse_private.work[], timestamptz) is
  'Answers calls that have a fresh cache entry under their key.';

revoke execute on function tollhouse_private.guard_cache(tollhouse_private.work[], timestamptz) from public;

commit;
