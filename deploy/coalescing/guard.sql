-- Deploy tollhouse:coalescing/guard to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.leader_is_lost(
  p_tenant_id text,
  p_call_id uuid
)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  return not exists (
    select from tollhouse_private.jobs as j
    where j.tenant_id = p_tenant_id and j.call_id = p_call_id and j.state = 'running'
  ) and (
    select true from tollhouse_private.jobs as j
    where j.tenant_id = p_tenant_id and j.call_id = p_call_id
    for key share skip locked
  ) is not true;
end
$$;
comment on function tollhouse_private.leader_is_lost(text, uuid) is
  'Whether a call is gone, or is neither running nor claimable, because a client may be cancelling it in a transaction that stays open for hours.';

-- For what is locked here and when, see response_cache.
create function tollhouse_private.guard_coalescing(
  p_jobs tollhouse_private.work[],
  p_now timestamptz,
  p_batch tollhouse_private.work[] default '{}'
)
  returns setof tollhouse_private.verdict
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_all tollhouse_private.work[] := case when cardinality(p_batch) > 0 then p_batch else p_jobs end;
  v_keyed bigint := (select count(*) from unnest(v_all) as j where j.cache_key is not null);
  v_candidates tollhouse_private.work[];
  v_fresh bigint;
  v_calls uuid[];
  v_places tid[];
begin
  if v_keyed = 0 then
    return;
  end if;
  v_candidates := array(select j from unnest(p_jobs) as j where j.cache_key is not null);

  -- Waits for a concurrent decision on the same key.
  insert into tollhouse_private.response_cache (tenant_id, cache_key, scope, call_id, upkeep_at)
  select j.tenant_id, j.cache_key, j.cache_scope, j.call_id, p_now + interval '2 hours'
  from unnest(v_candidates) as j
  order by j.tenant_id, j.cache_key, j.call_id
  on conflict do nothing;
  get diagnostics v_fresh = row_count;
  -- Each has made an entry that did not exist, so there is no answer yet: all of them lead.
  if v_fresh = v_keyed then
    return;
  end if;

  -- The other entries were there before. This lock holds their leaders' outcomes back until this claim is committed, so
  -- that they wake the followers parked here too; and an entry that this claim itself may remove (of a retried leader that
  -- another guard blocks) is locked now, before breakers and budgets.
  select array_agg(k.call_id), array_agg(locked.place) into v_calls, v_places
  from (
    select j.tenant_id, j.cache_key, j.call_id from unnest(v_all) as j where j.cache_key is not null order by 1, 2, 3
  ) as k
  -- One probe of the key each, even without statistics.
  cross join lateral (
    select rc.ctid as place
    from tollhouse_private.response_cache as rc
    where rc.tenant_id = k.tenant_id and rc.cache_key = k.cache_key
    for update
  ) as locked;

  -- Its leader's outcome removed the entry while this claim was waiting for it: decided again at once.
  return query
  select j.call_id, 'deferred', null::text, p_now, null::bigint
  from unnest(v_candidates) as j
  where v_calls is null or j.call_id <> all (v_calls);
  v_candidates := array(select j from unnest(v_candidates) as j where j.call_id = any (v_calls));

  -- An expired answer is fetched again. A lost leader is replaced by the oldest call that would wait for it; if it comes
  -- back, it waits like any other call.
  update tollhouse_private.response_cache as rc
  set call_id = heir.call_id, expires_at = null, provider = null, model = null, cost_micro_usd = null, response = null
  from (
    select distinct on (entry.place) entry.place, j.call_id
    from unnest(v_candidates) as j
    join unnest(v_calls, v_places) as at (call_id, place) on at.call_id = j.call_id
    cross join lateral (
      select k.ctid as place, k.call_id as leader, k.expires_at is null as pending, tollhouse_private.has_answer(k, p_now) as answered
      from tollhouse_private.response_cache as k
      where k.ctid = at.place
      offset 0
    ) as entry
    where entry.answered is not true
      and (not entry.pending or (
        entry.leader not in (select b.call_id from unnest(v_all) as b)
        and tollhouse_private.leader_is_lost(j.tenant_id, entry.leader)
      ))
    order by entry.place, j.call_id
    offset 0
  ) as heir
  where rc.ctid = heir.place;

  -- An answer may have landed since the cache guard looked: look again rather than pay twice.
  return query select g.* from tollhouse_private.guard_cache(v_candidates, p_now) as g;

  return query
  select j.call_id, 'coalesced', null::text, p_now, null::bigint
  from unnest(v_candidates) as j
  where (
    select rc.call_id from tollhouse_private.response_cache as rc
    where rc.tenant_id = j.tenant_id and rc.cache_key = j.cache_key and rc.expires_at is null
  ) <> j.call_id;
end
$$;
comment on function tollhouse_private.guard_coalescing(tollhouse_private.work[], timestamptz, tollhouse_private.work[]) is
  'Lets one call per cache key through and makes the others wait for its answer, unless that call is neither running nor claimable. p_batch: all calls of the claim, including those that an earlier guard turned away, which may lead.';

revoke execute on function tollhouse_private.leader_is_lost(text, uuid) from public;
revoke execute on function tollhouse_private.guard_coalescing(tollhouse_private.work[], timestamptz, tollhouse_private.work[]) from public;

commit;
