-- Deploy tollhouse:execution/set_idle to pg

begin;
set local role tollhouse_engine;

create function tollhouse_worker.set_idle(
  p_worker_id uuid,
  p_idle boolean
)
  returns integer
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
  -- A plan made while the tables were empty must still work when they are full.
  set enable_seqscan = 'off'
  set enable_mergejoin = 'off'
  set jit = 'off'
as $$
  update tollhouse_private.workers as w
  set idle = p_idle
  where w.worker_id = p_worker_id
    and w.idle <> p_idle;
  select tollhouse_private.wake_followers();
  select tollhouse_private.look_after_budget_lines(statement_timestamp());

  select coalesce(
    -- Due, and nobody's: what is locked would have the worker look in vain, again and again.
    (
      select 0
      from tollhouse_private.jobs as j
      where j.state = 'scheduled'
        and j.run_at <= statement_timestamp()
      order by j.run_at
      limit 1
      for update skip locked
    ),
    (
      select ceil(extract(epoch from j.run_at - statement_timestamp()) * 1000)::integer
      from tollhouse_private.jobs as j
      where j.state = 'scheduled'
        and j.run_at > statement_timestamp()
        and j.run_at < statement_timestamp() + interval '1 day'
      order by j.run_at
      limit 1
    )
  )
$$;
comment on function tollhouse_worker.set_idle(uuid, boolean) is
  'Says that the worker is about to sleep and wants tollhouse_wake. It must claim once more after this is committed. Returns in how many milliseconds the next scheduled call is due, null if none is within a day; what is due and locked by somebody else does not count.';

revoke execute on function tollhouse_worker.set_idle(uuid, boolean) from public;
grant execute on function tollhouse_worker.set_idle(uuid, boolean) to tollhouse_worker;

commit;
