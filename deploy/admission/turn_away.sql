-- Deploy tollhouse:admission/turn_away to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.turn_away(
  p_jobs tollhouse_private.work[],
  p_verdicts tollhouse_private.verdict[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- Of answers from the cache, in a claim: their calls take a copy each.
  c_bytes constant bigint := 8 * 1024 * 1024;
  v_closing tollhouse_private.settlement[];
  v_job tollhouse_private.work;
  v_result tollhouse_private.attempt_result;
  v_bytes bigint := 0;
begin
  if cardinality(p_verdicts) = 0 then
    return;
  end if;

  -- First the waiting, then those they may wait for: closing a leader wakes the followers it finds parked.
  update tollhouse_private.jobs as j
  set state = 'scheduled', run_at = v.retry_at, need_micro_usd = v.need_micro_usd,
    waits_for = case v.reason when 'budget' then 'budget' else 'rate_limit' end,
    line = nullif(v.reason, 'budget')
  from (
    select v.retry_at, v.reason, v.need_micro_usd, p.place
    from unnest(p_verdicts) as v
    join unnest(p_jobs) as p on p.call_id = v.call_id
    where v.verdict = 'deferred' offset 0
  ) as v
  where j.ctid = v.place;

  -- Parked as new rows: a claim that has just seen such a call queued would follow an update of it and keep the parked
  -- row locked, which release_flights would wait for while that claim waits for the flight.
  with parked as (
    delete from tollhouse_private.jobs as j
    where j.ctid = any (array(
      select p.place
      from unnest(p_verdicts) as v
      join unnest(p_jobs) as p on p.call_id = v.call_id and v.verdict = 'coalesced'
    ))
    returning j as job
  )
  insert into tollhouse_private.jobs
  select row_now.*
  from parked as pk
  cross join lateral jsonb_populate_record(pk.job, '{"state": "coalesced", "waits_for": "flight", "line": null}') as row_now;

  v_closing := array(
    select tollhouse_private.ending(j, v.verdict, v.reason, p_need_micro_usd => v.need_micro_usd)
    from unnest(p_jobs) as j
    join unnest(p_verdicts) as v on v.call_id = j.call_id
    where v.verdict in ('blocked', 'cancelled')
  );
  for v_job in
    select j.* from unnest(p_jobs) as j where j.call_id in (select v.call_id from unnest(p_verdicts) as v where v.verdict = 'cached')
  loop
    -- What is over the limit stays queued, as does a call whose entry vanished since the guard saw it.
    exit when v_bytes >= c_bytes;
    v_result := tollhouse_private.cached_result(v_job);
    continue when v_result.response is null;
    v_bytes := v_bytes + pg_column_size(v_result.response);
    v_closing := v_closing || tollhouse_private.ending(v_job, 'success', null, v_result);
  end loop;
  perform tollhouse_private.release_flights(v_closing);
  perform tollhouse_private.close_calls(v_closing, p_now);
  perform tollhouse_private.announce(v_closing);
end
$$;
comment on function tollhouse_private.turn_away(tollhouse_private.work[], tollhouse_private.verdict[], timestamptz) is
  'Does what the guards said: closes the blocked, the cancelled and the cached, parks the coalesced and the deferred.';

revoke execute on function tollhouse_private.turn_away(tollhouse_private.work[], tollhouse_private.verdict[], timestamptz) from public;

commit;
