-- Deploy tollhouse:execution/calls_to_abort to pg
-- requires: queue/jobs
-- requires: kill_switch/killed
-- requires: queue/cancel_requests

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
as $$
  select j.call_id, j.attempts, case when cr.call_id is not null then 'cancelled' else 'aborted' end
  from tollhouse_private.jobs as j
  left join lateral (
    select asked.call_id from tollhouse_private.cancel_requests as asked where asked.tenant_id = j.tenant_id and asked.call_id = j.call_id limit 1
  ) as cr on true
  where j.state = 'running'
    and j.worker_id = p_worker_id
    and (
      cr.call_id is not null
      or tollhouse_private.killed(j.tenant_id, j.user_id, j.endpoint, j.provider, j.model)
    )
$$;
comment on function tollhouse_worker.calls_to_abort(uuid) is
  'The worker''s calls in flight that a kill switch matches (aborted) or their caller cancelled (cancelled).';

revoke execute on function tollhouse_worker.calls_to_abort(uuid) from public;
grant execute on function tollhouse_worker.calls_to_abort(uuid) to tollhouse_worker;

commit;
