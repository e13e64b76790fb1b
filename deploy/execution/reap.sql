-- Deploy tollhouse:execution/reap to pg
-- requires: queue/workers
-- requires: queue/cancel_requests
-- requires: queue/without_request
-- requires: cache/wake_followers
-- requires: cache/wake_stranded
-- requires: budget/call_up
-- requires: execution/settle
-- requires: execution/bound_times

begin;
set local role tollhouse_engine;

create function tollhouse_worker.reap()
  returns integer
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
  -- A plan made while the tables were empty must still serve when they are full.
  set enable_seqscan = 'off'
  set enable_mergejoin = 'off'
  set jit = 'off'
as $$
declare
  c_most constant integer := 200;
  v_now timestamptz := clock_timestamp();
  v_jobs tollhouse_private.jobs[];
begin
  -- A worker that is claiming holds a key-share lock and is passed over.
  delete from tollhouse_private.workers as w
  using (
    select dead.worker_id
    from tollhouse_private.workers as dead
    where dead.alive_until <= v_now
    for update skip locked
  ) as dead
  where w.worker_id = dead.worker_id;

  select coalesce(array_agg(orphan.job), '{}') into v_jobs
  from (
    select tollhouse_private.without_request(j) as job
    from tollhouse_private.jobs as j
    where j.state = 'running'
      and not exists (select from tollhouse_private.workers as w where w.worker_id = j.worker_id)
    order by j.call_id
    limit c_most
    for update skip locked
  ) as orphan;

  -- By place, so that a plan made for empty tables is none that joins them badly.
  delete from tollhouse_private.provider_windows as pw
  where pw.ctid = any (array(
    select old.ctid
    from tollhouse_private.provider_windows as old
    join tollhouse_private.providers as p on p.provider = old.provider
    where old.window_start < v_now - p.failure_window
    for update of old skip locked
  ));
  delete from tollhouse_private.cancel_requests as cr
  where cr.ctid = any (array(
    select old.ctid
    from tollhouse_private.cancel_requests as old
    where (select true from tollhouse_private.jobs as j where (j.tenant_id, j.call_id) = (old.tenant_id, old.call_id)) is not true
    for update skip locked
  ));

  if cardinality(v_jobs) > 0 then
    perform tollhouse_private.settle(v_jobs, array(
      select jsonb_populate_record(null::tollhouse_private.attempt_result, jsonb_build_object(
        'tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'abandoned',
        'error_code', 'abandoned', 'error_message', format('worker %s held it and died', j.worker_id)
      ))
      from unnest(v_jobs) as j
    ), v_now);
    perform tollhouse_private.wake_idle_worker();
  end if;
  -- Last, for settle waits for flights.
  perform tollhouse_private.wake_followers();
  perform tollhouse_private.look_after_budget_lines(v_now);
  perform tollhouse_private.wake_stranded() where cardinality(v_jobs) < c_most;
  perform tollhouse_private.bound_times(clock_timestamp());
  return cardinality(v_jobs);
end
$$;
comment on function tollhouse_worker.reap() is
  'Buries workers whose lease is over and books the calls they held as abandoned: charged their reservation, then retried or failed as their endpoint says. Returns how many, two hundred at most: while it is more than none, call it again.';

revoke execute on function tollhouse_worker.reap() from public;
grant execute on function tollhouse_worker.reap() to tollhouse_worker;

commit;
