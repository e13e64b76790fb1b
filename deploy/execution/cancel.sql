-- Deploy tollhouse:execution/cancel to pg

begin;
set local role tollhouse_owner;

create function tollhouse.cancel(
  p_call_id uuid
)
  returns text
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
  v_job tollhouse_private.jobs;
  v_settlements tollhouse_private.settlement[];
begin
  if tollhouse_private.current_tenant_id() is null then
    raise exception using errcode = 'TH001', message = 'no identity',
      hint = 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;

  -- What a worker has in hand is not locked: its record would wait for this client's commit.
  begin
    select j.* into strict v_job
    from tollhouse_private.jobs as j
    where j.call_id = p_call_id
      and j.state <> 'running'
      and tollhouse_private.has_month(j.created_at)
    for update skip locked;
  exception
    -- Lets go of a row that was locked just as it began to run.
    when no_data_found then v_job := null;
  end;
  if v_job.call_id is not null then
    delete from tollhouse_private.jobs as j where j.tenant_id = v_job.tenant_id and j.call_id = v_job.call_id;
    v_settlements := array[tollhouse_private.ending(tollhouse_private.work_of(v_job, null), 'cancelled', p_unqueued => v_job)];
    perform tollhouse_private.close_calls(v_settlements, clock_timestamp());
    perform tollhouse_private.announce(v_settlements);
    if v_job.cache_key is not null and v_job.state <> 'coalesced' then
      -- Whatever waits for its answer is found by the worker that wakes up.
      insert into tollhouse_private.ended_flights (tenant_id, call_id, cache_key)
      values (v_job.tenant_id, v_job.call_id, v_job.cache_key);
    end if;
    perform tollhouse_private.wake_idle_worker();
    return 'cancelled';
  end if;

  insert into tollhouse_private.cancel_requests (tenant_id, call_id, user_id)
  select j.tenant_id, j.call_id, j.user_id
  from tollhouse_private.jobs as j
  where j.call_id = p_call_id
    and (
      select true from tollhouse_private.cancel_requests as cr
      where cr.tenant_id = j.tenant_id and cr.call_id = j.call_id
      limit 1
    ) is not true;
  select j.* into v_job from tollhouse_private.jobs as j where j.call_id = p_call_id;
  if found then
    perform tollhouse_private.tell('tollhouse_control', array['']);
    return case
      when tollhouse_private.has_month(v_job.created_at) then 'running'
      when v_job.state = 'coalesced' then 'queued'
      else v_job.state
    end;
  end if;
  return (
    select c.status
    from tollhouse_private.llm_api_calls as c
    where c.call_id = p_call_id
      and c.created_at = tollhouse_private.call_created_at(p_call_id)
  );
end
$$;
comment on function tollhouse.cancel(uuid) is
  'Cancels a call of yours. Returns its status after that: cancelled; running (a worker has it: it is aborted and not tried again, and may still succeed); queued or scheduled in a month that the ledger has not got yet (it ends when a worker has made it); its final status if it was over; null if there is no such call for you. Raises TH001.';

revoke execute on function tollhouse.cancel(uuid) from public;
grant execute on function tollhouse.cancel(uuid) to tollhouse_client;

commit;
