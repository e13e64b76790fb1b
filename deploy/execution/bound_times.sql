-- Deploy tollhouse:execution/bound_times to pg

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

commit;
