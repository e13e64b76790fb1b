-- Deploy tollhouse:idempotency/guard to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.guard_idempotency(
  p_jobs tollhouse_private.jobs[]
)
  returns uuid[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_first uuid[];
begin
  -- In array order.
  with taken as (
    insert into tollhouse_private.request_keys as rk (tenant_id, endpoint, request_id, user_id, call_id, created_at, fingerprint)
    select j.tenant_id, j.endpoint, j.request_id, j.user_id, j.call_id, j.created_at, j.fingerprint
    from unnest(p_jobs) as j
    on conflict do nothing
    returning rk.call_id
  )
  select coalesce(array_agg(t.call_id), '{}') into v_first from taken as t;
  return v_first;
end
$$;
comment on function tollhouse_private.guard_idempotency(tollhouse_private.jobs[]) is
  'Guard 1: claims the request ids of new calls and returns the call ids of those that are the first to use theirs. Waits for a concurrent enqueue of the same id by the same user, so calls must be ordered by endpoint and request id: then two batches can''t deadlock.';

create function tollhouse_private.existing_calls(
  p_jobs tollhouse_private.jobs[]
)
  returns table (
    call_id uuid,
    existing_call_id uuid,
    same_request boolean,
    status text,
    blocked_reason text,
    was_cached boolean
  )
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select
    j.call_id, k.call_id, k.fingerprint is not distinct from j.fingerprint,
    coalesce(c.status, q.status), c.blocked_reason, coalesce(c.was_cached, false)
  from unnest(p_jobs) as j
  -- The limit makes each a probe of its key, whatever the table statistics say.
  left join lateral (
    select rk.* from tollhouse_private.request_keys as rk
    where rk.tenant_id = j.tenant_id and rk.endpoint = j.endpoint and rk.request_id = j.request_id and rk.user_id = j.user_id
    limit 1
  ) as k on true
  left join lateral (
    select lac.status, lac.blocked_reason, lac.was_cached from tollhouse_private.llm_api_calls as lac
    where lac.tenant_id = k.tenant_id and lac.call_id = k.call_id and lac.created_at = k.created_at
    limit 1
  ) as c on true
  left join lateral (
    select case o.state when 'coalesced' then 'queued' else o.state end as status from tollhouse_private.jobs as o
    where o.tenant_id = k.tenant_id and o.call_id = k.call_id
    limit 1
  ) as q on true;
end
$$;
comment on function tollhouse_private.existing_calls(tollhouse_private.jobs[]) is
  'For each call whose request id is taken: the call that has it, and its state. same_request is false if the id was used for a different request.';

revoke execute on function tollhouse_private.guard_idempotency(tollhouse_private.jobs[]) from public;
revoke execute on function tollhouse_private.existing_calls(tollhouse_private.jobs[]) from public;

commit;
