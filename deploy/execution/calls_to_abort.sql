-- Deploy tollhouse:execution/calls_to_abort to pg

begin;
set local role tollhouse_engine;

create function tollhouse_worker.calls_to_abort(
  p_worker_id uuid
)
  returns table (
    call_id uuid,
    attempt integer,
    reason text
  )
  language sql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
  -- A plan made while the tables were empty must still work when they are full.
  set enable_seqscan = 'off'
  set enable_mergejoin = 'off'
  set jit = 'off'
as $$
  select j.call_id, j.attempts, case when asked.cancelled then 'cancelled' else 'aborted' end
  from tollhouse_private.jobs as j
  cross join lateral (
    select (
      select true from tollhouse_private.cancel_requests as cr where cr.tenant_id = j.tenant_id and cr.call_id = j.call_id limit 1
    ) is true as cancelled
    offset 0
  ) as asked
  where j.state = 'running'
    and j.worker_id = p_worker_id
    and (asked.cancelled or tollhouse_private.killed(j.tenant_id, j.user_id, j.endpoint, j.provider, j.model))
$$;
comment on function tollhouse_worker.calls_to_abort(uuid) is
  'The worker''s calls in flight that a kill switch matches (aborted) or that their caller cancelled (cancelled).';

revoke execute on function tollhouse_worker.calls_to_abort(uuid) from public;
grant execute on function tollhouse_worker.calls_to_abort(uuid) to tollhouse_worker;

commit;
