-- Deploy tollhouse:admission/enqueue_calls to pg

begin;
set local role tollhouse_engine;

-- Says what is wrong with a call; p_place: its place in the array of enqueue_many.
create function tollhouse_private.refuse_call(
  p_call tollhouse_private.asked_call,
  p_place bigint,
  p_now timestamptz
)
  returns void
  language plpgsql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_task tollhouse_private.task_types;
  v_message text collate "C";
  v_detail text collate "C";
  v_hint text collate "C";
begin
  select tt.* into v_task from tollhouse_private.task_types as tt where tt.endpoint = p_call.endpoint;
  if not found then
    raise exception using errcode = 'TH101', message = 'unknown endpoint',
      detail = format('endpoint %s', coalesce(quote_literal(left(p_call.endpoint, 128)), 'null')),
      hint = (select 'Known: ' || string_agg(tt.endpoint, ', ' order by tt.endpoint) || '.' from tollhouse_private.task_types as tt);
  end if;
  perform tollhouse_private.check_call(
    v_task, p_call.request, p_call.request_id, p_call.model, p_call.watermark, p_call.max_cost_micro_usd, p_call.run_at, p_call.metadata, p_now);
exception
  when others then
    if p_place is null or sqlstate not like 'TH%' then
      raise;
    end if;
    get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
    raise exception using errcode = sqlstate, message = v_message,
      detail = format('call %s of the array: %s', p_place, v_detail), hint = v_hint;
end
$$;
comment on function tollhouse_private.refuse_call(tollhouse_private.asked_call, bigint, timestamptz) is
  'Raises what is wrong with a call, in words that name its place in an array, if it has one: TH101 to TH106, TH108, TH109, TH111. Returns where nothing is.';

create function tollhouse_private.early_verdicts(
  p_jobs tollhouse_private.jobs[],
  p_now timestamptz
)
  returns tollhouse_private.verdict[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_work tollhouse_private.work[] := array(select tollhouse_private.work_of(j, null) from unnest(p_jobs) as j);
  v_later boolean;
  v_verdicts tollhouse_private.verdict[];
  v_more tollhouse_private.verdict[];
begin
  select coalesce(bool_or(j.state = 'scheduled'), false) into v_later from unnest(p_jobs) as j;

  v_verdicts := array(select v from tollhouse_private.guard_kill_switch(v_work) as v);
  v_work := tollhouse_private.undecided(v_work, v_verdicts);
  v_more := array(select v from tollhouse_private.guard_hourly_shutoff(v_work, p_now) as v);
  if v_later and cardinality(v_more) > 0 then
    -- Who is shut off now may not be when the call is to run.
    v_more := array(
      select v
      from unnest(p_jobs) as j
      join unnest(v_more) as v on v.call_id = j.call_id
      where j.state = 'queued'
        or exists (select from tollhouse_private.guard_hourly_shutoff(array[tollhouse_private.work_of(j, null)], j.run_at))
    );
  end if;
  v_verdicts := v_verdicts || v_more;
  v_work := tollhouse_private.undecided(v_work, v_more);
  if v_later then
    v_work := array(
      select w from unnest(v_work) as w where w.call_id in (select j.call_id from unnest(p_jobs) as j where j.state = 'queued')
    );
  end if;
  v_verdicts := v_verdicts || array(select v from tollhouse_private.guard_cache(v_work, p_now) as v);
  if cardinality(v_verdicts) > 0 and not tollhouse_private.has_month(p_now) then
    return array[]::tollhouse_private.verdict[];
  end if;
  return v_verdicts;
end
$$;
comment on function tollhouse_private.early_verdicts(tollhouse_private.jobs[], timestamptz) is
  'What guards 2 to 4 say of new calls of one user, as far as it is certain already: blocked or cached. The claim decides again.';

-- Runs as the engine, whose policies ask for no identity: its callers have asked, once. So every query here, and in what it
-- calls, names the tenant.
create function tollhouse_private.enqueue_calls(
  p_tenant_id text,
  p_user_id text,
  p_calls tollhouse_private.asked_call[],
  p_many boolean
)
  returns table (
    call_id uuid,
    request_id text,
    status text,
    blocked_reason text,
    was_cached boolean,
    deduplicated boolean
  )
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
  -- Every query in here is a probe of a key: planning them anew costs more than running them. But one planned while the
  -- tables were empty must still serve when they are full.
  set plan_cache_mode = 'force_generic_plan'
  set enable_seqscan = 'off'
  set enable_mergejoin = 'off'
  set jit = 'off'
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_asked record;
  v_first uuid[];
  v_jobs tollhouse_private.jobs[];
  v_verdicts tollhouse_private.verdict[];
  v_closed tollhouse_private.settlement[] := array[]::tollhouse_private.settlement[];
  v_bytes bigint;
  v_reused record;
begin
  select n.* into v_asked from tollhouse_private.new_jobs(p_tenant_id, p_user_id, p_calls, v_now) as n;
  if v_asked.jobs is null then
    return;
  end if;
  if v_asked.sound is not true then
    perform tollhouse_private.refuse_call(p_calls[p.place], case when p_many then p.place end, v_now)
    from unnest(v_asked.places) as p (place);
  end if;

  v_first := tollhouse_private.guard_idempotency(v_asked.jobs);
  v_jobs := v_asked.jobs;
  if cardinality(v_first) < cardinality(v_jobs) then
    v_jobs := array(select j from unnest(v_jobs) as j where j.call_id in (select f.call_id from unnest(v_first) as f (call_id)));
  end if;

  v_verdicts := tollhouse_private.early_verdicts(v_jobs, v_now);
  if cardinality(v_verdicts) > 0 then
    v_closed := array(
      select tollhouse_private.ending(
        tollhouse_private.work_of(j, null), case v.verdict when 'cached' then 'success' else v.verdict end, v.reason, r.result, j
      )
      from unnest(v_jobs) as j
      join unnest(v_verdicts) as v on v.call_id = j.call_id
      cross join lateral (
        select case v.verdict when 'cached' then tollhouse_private.cached_result(tollhouse_private.work_of(j, null)) end as result
        offset 0
      ) as r
      -- An answer may have gone since the guard saw it.
      where v.verdict = 'blocked' or (r.result).response is not null
    );
    v_jobs := array(
      select j from unnest(v_jobs) as j where j.call_id not in (select ((c.job).call_id) from unnest(v_closed) as c)
    );
  end if;

  if cardinality(v_jobs) > 0 then
    insert into tollhouse_private.jobs select j.* from unnest(v_jobs) as j;
    select sum(j.request_bytes) into v_bytes from unnest(v_jobs) as j;
    perform tollhouse_private.check_room(p_tenant_id, cardinality(v_jobs), v_bytes);
    perform tollhouse_private.wake_idle_worker();
  end if;
  if cardinality(v_jobs) = cardinality(v_asked.jobs) then
    return query select j.call_id, j.request_id, j.state, null::text, false, false from unnest(v_jobs) as j;
    return;
  end if;

  perform tollhouse_private.close_calls(v_closed, v_now);
  for v_reused in
    select e.call_id, e.same_request
    from tollhouse_private.existing_calls(array(
      select j from unnest(v_asked.jobs) as j where j.call_id not in (select f.call_id from unnest(v_first) as f (call_id))
    )) as e
    where not e.same_request
    limit 1
  loop
    raise exception using errcode = 'TH107', message = 'request id already used for another request',
      detail = (
        select case when p_many then format('call %s of the array: ', p.place) else '' end
          || format('endpoint %s, request id %s', j.endpoint, j.request_id)
        from unnest(v_asked.jobs) with ordinality as j
        join unnest(v_asked.places) with ordinality as p (place, number) on p.number = j.ordinality
        where j.call_id = v_reused.call_id
      ),
      hint = 'A request id of yours stands for one request: use a new id for a new request.';
  end loop;
  return query
  select coalesce(e.existing_call_id, j.call_id), j.request_id, coalesce(e.status, c.status, j.state), coalesce(e.blocked_reason, c.blocked_reason),
    coalesce(e.was_cached, c.was_cached, false), e.call_id is not null
  from unnest(v_asked.jobs) with ordinality as j
  left join unnest(v_closed) as c on (c.job).call_id = j.call_id
  left join tollhouse_private.existing_calls(array(
    select o from unnest(v_asked.jobs) as o where o.call_id not in (select f.call_id from unnest(v_first) as f (call_id))
  )) as e on e.call_id = j.call_id
  order by j.ordinality;
end
$$;
comment on function tollhouse_private.enqueue_calls(text, text, tollhouse_private.asked_call[], boolean) is
  'Asks for the calls of one user, whom its caller has identified, all or none: each guard once for the batch, an insert into each table. A row for each call, in the order of endpoint and request id. p_many: errors name the place of a call. Raises TH101 to TH109, TH111, TH112.';

revoke execute on function tollhouse_private.refuse_call(tollhouse_private.asked_call, bigint, timestamptz) from public;
revoke execute on function tollhouse_private.early_verdicts(tollhouse_private.jobs[], timestamptz) from public;
revoke execute on function tollhouse_private.enqueue_calls(text, text, tollhouse_private.asked_call[], boolean) from public;
grant execute on function tollhouse_private.refuse_call(tollhouse_private.asked_call, bigint, timestamptz) to tollhouse_owner;
grant execute on function tollhouse_private.enqueue_calls(text, text, tollhouse_private.asked_call[], boolean) to tollhouse_owner;

commit;
