-- Deploy tollhouse:execution/reap to pg

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
  v_jobs tollhouse_private.work[];
  v_stretch tid[];
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

  -- Who holds calls is found by one probe of the index for each: what the living hold is not read.
  with recursive holder (worker_id) as (
    select (
      select j.worker_id from tollhouse_private.jobs as j where j.state = 'running'
      order by j.worker_id limit 1
    )
    union all
    select (
      select j.worker_id from tollhouse_private.jobs as j where j.state = 'running' and j.worker_id > h.worker_id
      order by j.worker_id limit 1
    )
    from holder as h
    where h.worker_id is not null
  )
  select coalesce(array_agg(orphan.job), '{}') into v_jobs
  from (
    select held.job
    from (
      select h.worker_id
      from holder as h
      where h.worker_id is not null
        and (select true from tollhouse_private.workers as w where w.worker_id = h.worker_id) is not true
      offset 0
    ) as dead
    cross join lateral (
      select tollhouse_private.work_of(j, j.ctid) as job
      from tollhouse_private.jobs as j
      where j.state = 'running' and j.worker_id = dead.worker_id
      order by j.call_id
      limit c_most
      for update skip locked
    ) as held
    limit c_most
  ) as orphan;

  -- A part of these tables each time. By place, so that a plan made for empty tables is none that joins them badly.
  v_stretch := tollhouse_private.stretch('tollhouse_private.provider_windows');
  delete from tollhouse_private.provider_windows as pw
  where pw.ctid = any (array(
    select old.ctid
    from tollhouse_private.provider_windows as old
    join tollhouse_private.providers as p on p.provider = old.provider
    where old.ctid >= v_stretch[1] and old.ctid < v_stretch[2]
      and old.window_start < v_now - p.failure_window
    for update of old skip locked
  ));
  v_stretch := tollhouse_private.stretch('tollhouse_private.cancel_requests');
  delete from tollhouse_private.cancel_requests as cr
  where cr.ctid = any (array(
    select old.ctid
    from tollhouse_private.cancel_requests as old
    where old.ctid >= v_stretch[1] and old.ctid < v_stretch[2]
      and (select true from tollhouse_private.jobs as j where (j.tenant_id, j.call_id) = (old.tenant_id, old.call_id)) is not true
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
