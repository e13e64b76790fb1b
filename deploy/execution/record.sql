-- Deploy tollhouse:execution/record to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.unreadable_result(
  p_results jsonb
)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_result record;
begin
  for v_result in
    select r.value, r.position from jsonb_array_elements(p_results) with ordinality as r (value, position)
  loop
    if jsonb_typeof(v_result.value) <> 'object' then
      return format('result %s of the array is not an object', v_result.position);
    end if;
    begin
      perform jsonb_populate_record(null::tollhouse_private.attempt_result, v_result.value);
    exception
      when data_exception then
        return format('result %s of the array, call %s: %s', v_result.position,
          coalesce(left(v_result.value ->> 'call_id', 36), 'null'), left(sqlerrm, 200));
    end;
  end loop;
  return null;
end
$$;
comment on function tollhouse_private.unreadable_result(jsonb) is 'The first of some results that is no attempt_result, and why.';

create function tollhouse_worker.record(
  p_worker_id uuid,
  p_results jsonb
)
  returns table (
    booked integer,
    late integer
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
  v_results tollhouse_private.attempt_result[];
  v_held tollhouse_private.work[];
  v_unknown text;
begin
  if p_results is null or jsonb_typeof(p_results) <> 'array' then
    raise exception using
      errcode = 'TH202',
      message = 'results are not a JSON array',
      hint = 'Pass an array of objects, one per ended attempt.';
  end if;
  -- One result per attempt: the first counts.
  begin
    select array_agg(r.result) into v_results
    from (
      select distinct on ((p.result).call_id, (p.result).attempt) p.result
      from (
        select jsonb_populate_record(null::tollhouse_private.attempt_result, e.value) as result, e.position
        from jsonb_array_elements(p_results) with ordinality as e (value, position)
        offset 0
      ) as p
      order by (p.result).call_id, (p.result).attempt, p.position
    ) as r;
  exception
    when data_exception then
      raise exception using
        errcode = 'TH202',
        message = 'unreadable result',
        detail = tollhouse_private.unreadable_result(p_results),
        hint = 'Each result is an object, and each of its fields is of its type in tollhouse_private.attempt_result.';
  end;

  select format('call %s, attempt %s, outcome %s', coalesce(r.call_id::text, 'null'), coalesce(r.attempt::text, 'null'), coalesce(r.outcome, 'null'))
  into v_unknown
  from unnest(v_results) as r
  where r.tenant_id is null or r.call_id is null or r.attempt is null
    or not exists (select from tollhouse_private.attempt_outcomes as o where o.outcome = r.outcome)
    or (r.outcome = 'success' and coalesce(jsonb_typeof(r.response), 'null') <> 'object')
    or least(r.input_tokens, r.cached_input_tokens, r.output_tokens, r.reasoning_tokens) < 0
    or (r.usage_doubtful is not true and (r.cached_input_tokens > r.input_tokens or r.reasoning_tokens > r.output_tokens))
  limit 1;
  if found then
    raise exception using
      errcode = 'TH202',
      message = 'malformed result',
      detail = v_unknown,
      hint = 'Each result needs tenant_id, call_id, attempt and a known outcome; a success its response; token counts may not be negative, nor parts larger than their total unless usage_doubtful is true.';
  end if;

  -- The fence: only the worker and the attempt that hold the job.
  select array_agg(locked.job) into v_held
  from (
    select tollhouse_private.work_of(j, j.ctid) as job
    from tollhouse_private.jobs as j
    where j.state = 'running'
      and j.worker_id = p_worker_id
      and j.call_id = any (array(select r.call_id from unnest(v_results) as r))
    order by j.call_id
    for update
  ) as locked;
  select coalesce(array_agg(h), '{}') into v_held
  from unnest(v_held) as h
  join unnest(v_results) as r on r.tenant_id = h.tenant_id and r.call_id = h.call_id and r.attempt = h.attempts;

  if cardinality(v_held) > 0 then
    perform tollhouse_private.settle(v_held, array(
      select r from unnest(v_results) as r
      join unnest(v_held) as h on h.call_id = r.call_id and h.attempts = r.attempt
    ), v_now);
  end if;
  -- After settle, whose locks come first in the order of all.
  record.late := tollhouse_private.book_late(p_worker_id, array(
    select r from unnest(v_results) as r
    where (r.call_id, r.attempt) not in (select h.call_id, h.attempts from unnest(v_held) as h)
  ), v_now);
  record.booked := cardinality(v_held);
  return next;
end
$$;
comment on function tollhouse_worker.record(uuid, jsonb) is
  'Books how attempts ended: [{tenant_id, call_id, attempt, outcome, …}]. Safe to repeat: what was booked already, or is not held by this worker, changes nothing, except that the late result of an abandoned attempt corrects its charge. Returns how many it booked, and how many late. Raises TH202, and then books nothing.';

revoke execute on function tollhouse_private.unreadable_result(jsonb) from public;
revoke execute on function tollhouse_worker.record(uuid, jsonb) from public;
grant execute on function tollhouse_worker.record(uuid, jsonb) to tollhouse_worker;

commit;
