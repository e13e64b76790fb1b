-- Deploy tollhouse:admission/claim to pg

begin;
set local role tollhouse_engine;

create function tollhouse_worker.claim(
  p_worker_id uuid,
  p_limit integer
)
  returns table (
    call_id uuid,
    attempt integer,
    tenant_id text,
    endpoint text,
    provider text,
    model text,
    request jsonb,
    max_output_tokens integer,
    timeout_ms integer
  )
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
  -- Kept plans, for speed; but one made while the tables were empty must still serve when they are full:
  -- so every table is reached through an index, and joined by its key.
  set plan_cache_mode = 'force_generic_plan'
  set enable_seqscan = 'off'
  set enable_mergejoin = 'off'
  set jit = 'off'
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_worker tollhouse_private.workers;
  v_last_due_tenant_id text collate "C";
  v_picked record;
  v_jobs tollhouse_private.work[];
  v_decision record;
  v_line record;
begin
  -- Held to the end: reap must not bury a worker that is taking calls.
  select w.* into v_worker
  from tollhouse_private.workers as w
  where w.worker_id = p_worker_id
    and w.alive_until > v_now
  for key share;
  if not found then
    raise exception using
      errcode = 'TH201',
      message = 'this worker holds no lease',
      detail = format('worker %s', p_worker_id),
      hint = 'Register under a new id.';
  end if;

  v_last_due_tenant_id := tollhouse_private.promote_due(v_now, v_worker.last_due_tenant_id);
  perform tollhouse_private.call_up(v_now);
  select p.jobs, p.last_tenant_id into v_picked from tollhouse_private.pick(v_worker.last_tenant_id, greatest(0, coalesce(p_limit, 0))) as p;
  v_jobs := v_picked.jobs;
  if cardinality(v_jobs) = 0 then
    return;
  end if;

  select d.admitted, d.verdicts into v_decision from tollhouse_private.decide(v_jobs, v_now) as d;
  perform tollhouse_private.turn_away(v_jobs, v_decision.verdicts, v_now);
  perform tollhouse_private.take_rate_limit(v_decision.admitted, v_now);
  perform tollhouse_private.begin_probes(v_decision.admitted);
  return query select b.* from tollhouse_private.begin_attempts(p_worker_id, v_decision.admitted, v_now) as b;
  -- What was called up has gone or stepped back, and what was deferred has joined the line: who is next?
  for v_line in
    select j.tenant_id, array_agg(distinct j.user_id) as users
    from unnest(v_jobs) as j
    where j.waits_for = 'budget'
      or j.call_id in (select v.call_id from unnest(v_decision.verdicts) as v where v.reason = 'budget')
    group by j.tenant_id
    order by j.tenant_id
  loop
    perform tollhouse_private.call_up_budget(v_line.tenant_id, v_line.users, v_now);
  end loop;
  if cardinality(v_decision.admitted) = 0 then
    -- To the worker this claim looks like an empty queue, and it would sleep.
    perform tollhouse_private.tell('tollhouse_wake', array['']);
  end if;

  update tollhouse_private.workers as w
  set last_tenant_id = v_picked.last_tenant_id, last_due_tenant_id = v_last_due_tenant_id, idle = false
  where w.worker_id = p_worker_id
    and (w.idle or w.last_tenant_id <> v_picked.last_tenant_id or w.last_due_tenant_id <> v_last_due_tenant_id);
end
$$;
comment on function tollhouse_worker.claim(uuid, integer) is
  'Takes up to p_limit queued calls, decides the guards for all of them at once, and returns those that may go out now, reserved and held by the worker. May return fewer, or none, while calls are queued: claim again until nothing is queued. For record_and_claim, which commits before its reply is sent: selected from, it would hold its locks until the last byte has gone. Raises TH201.';

revoke execute on function tollhouse_worker.claim(uuid, integer) from public;
-- Needed by record_and_claim, which can't commit as a definer.
grant execute on function tollhouse_worker.claim(uuid, integer) to tollhouse_worker;

commit;
