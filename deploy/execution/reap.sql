-- Deploy tollhouse:execution/reap to pg

begin;
set local role tollhouse_engine;

-- Whatever is locked is passed over: the next reap looks again.
create function tollhouse_private.bound_times(
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  c_rows constant integer := 1000;
  -- No limit defers for longer, and a bucket holds no more.
  c_minute constant interval := interval '1 minute';
  -- No provider's Retry-After is heeded for longer.
  c_hour constant interval := interval '1 hour';
  v_stretch tid[] := tollhouse_private.stretch('tollhouse_private.provider_windows');
begin
  update tollhouse_private.workers as w
  set alive_until = far.alive_until
  from (
    select v.ctid as place, p_now + s.lease as alive_until
    from tollhouse_private.workers as v
    cross join tollhouse_private.settings as s
    where v.alive_until > p_now + s.lease
    for update of v skip locked
  ) as far
  where w.ctid = far.place;

  update tollhouse_private.jobs as j
  set run_at = p_now + case j.waits_for when 'backoff' then c_hour else c_minute end
  where j.ctid = any (array(
    select far.ctid from tollhouse_private.jobs as far
    where far.state = 'scheduled' and far.waits_for <> 'run_at' and far.waits_for = 'backoff' and far.run_at > p_now + c_hour
    limit c_rows for update skip locked
  ) || array(
    select far.ctid from tollhouse_private.jobs as far
    where far.state = 'scheduled' and far.waits_for <> 'run_at' and far.waits_for = 'rate_limit' and far.run_at > p_now + c_minute
    limit c_rows for update skip locked
  ));

  -- What waits for a budget has no time of its own: its line is looked after.
  update tollhouse_private.monthly_budgets as mb
  set line_at = p_now
  where mb.ctid = any (array(
    select far.ctid from tollhouse_private.monthly_budgets as far where far.line_at > p_now + c_minute limit c_rows for update skip locked
  ));

  update tollhouse_private.rate_limits as rl
  set refilled_at = p_now
  where rl.ctid = any (array(
    select far.ctid from tollhouse_private.rate_limits as far where far.refilled_at > p_now + c_minute for update skip locked
  ));

  delete from tollhouse_private.provider_windows as pw
  where pw.ctid = any (array(
    select far.ctid from tollhouse_private.provider_windows as far
    where far.ctid >= v_stretch[1] and far.ctid < v_stretch[2] and far.window_start > p_now + c_minute
    for update skip locked
  ));
  -- One that an operator opened keeps the time that they gave it.
  update tollhouse_private.breakers as b
  set opened_at = least(b.opened_at, p_now), open_until = p_now + far.rest
  from (
    select v.ctid as place, least(
      case when v.opened_at > p_now then v.open_until - v.opened_at end, case when v.reason is null then p.cooldown end
    ) as rest
    from tollhouse_private.breakers as v
    join tollhouse_private.providers as p on p.provider = v.provider
    where v.state = 'open'
      and v.open_until > p_now + c_minute
      and (v.opened_at > p_now + c_minute or (v.reason is null and v.open_until > p_now + c_minute + p.cooldown))
    limit c_rows
    for update of v skip locked
  ) as far
  where b.ctid = far.place;
  update tollhouse_private.provider_breakers as b
  set opened_at = least(b.opened_at, p_now), open_until = p_now + far.rest
  from (
    select v.ctid as place, least(
      case when v.opened_at > p_now then v.open_until - v.opened_at end, case when v.reason like '%calls failed' then p.cooldown end
    ) as rest
    from tollhouse_private.provider_breakers as v
    join tollhouse_private.providers as p on p.provider = v.provider
    where v.state = 'open'
      and (v.opened_at > p_now + c_minute or (v.reason like '%calls failed' and v.open_until > p_now + c_minute + p.cooldown))
    for update of v skip locked
  ) as far
  where b.ctid = far.place;
end
$$;
comment on function tollhouse_private.bound_times(timestamptz) is
  'Cuts the times that lie further ahead than they can, after the server''s clock has gone back: leases, waits, buckets, windows, breakers. Else all that waits for them would wait for the clock to come back to where it was.';

revoke execute on function tollhouse_private.bound_times(timestamptz) from public;

create function tollhouse_worker.reap()
  returns integer
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
  -- A plan made while the tables were empty must still work when they are full.
  set enable_seqscan = 'off'
  set enable_mergejoin = 'off'
  set jit = 'off'
as $$
declare
  c_most constant integer := 200;
  v_now timestamptz := clock_timestamp();
  v_orphans tollhouse_private.work[];
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
  select coalesce(array_agg(orphan.job), '{}') into v_orphans
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

  if cardinality(v_orphans) > 0 then
    perform tollhouse_private.settle(array(
      select row(j, jsonb_populate_record(null::tollhouse_private.attempt_result, jsonb_build_object(
        'tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'abandoned',
        'error_code', 'abandoned', 'error_message', format('worker %s held it and died', j.worker_id)
      )), null, null, false, null, null, null, null, null, null, null, null, null, null)::tollhouse_private.settlement
      from unnest(v_orphans) as j
    ), v_now);
    perform tollhouse_private.wake_idle_worker();
  end if;
  -- Last, for settle waits for flights.
  perform tollhouse_private.wake_followers();
  perform tollhouse_private.look_after_budget_lines(v_now);
  perform tollhouse_private.wake_stranded() where cardinality(v_orphans) < c_most;
  perform tollhouse_private.bound_times(clock_timestamp());
  return cardinality(v_orphans);
end
$$;
comment on function tollhouse_worker.reap() is
  'Buries workers whose lease is over and books the calls they held as abandoned: charged their reservation, then retried or failed as their endpoint says. Returns how many, two hundred at most: while it is more than none, call it again.';

revoke execute on function tollhouse_worker.reap() from public;
grant execute on function tollhouse_worker.reap() to tollhouse_worker;

commit;
