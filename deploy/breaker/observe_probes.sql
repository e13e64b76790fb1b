-- Deploy tollhouse:breaker/observe_probes to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.observe_probes(
  p_settlements tollhouse_private.settlement[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- In order, so that the first one ends the look, whatever their number.
  if (select true from tollhouse_private.breakers as b where b.state = 'half_open' order by b.provider limit 1) is not true
    and not exists (select from tollhouse_private.provider_breakers as pb where pb.state = 'half_open')
  then
    return;
  end if;

  update tollhouse_private.breakers as b
  set
    state = case s.breaker when 'success' then 'closed' else 'open' end,
    consecutive_failures = case s.breaker when 'success' then 0 when 'failure' then b.consecutive_failures + 1 else b.consecutive_failures end,
    opened_at = case when s.breaker <> 'success' then b.opened_at end,
    reason = case when s.breaker <> 'success' then b.reason end,
    -- A probe that said nothing about the provider leaves its slot to the next call.
    open_until = case s.breaker when 'failure' then p_now + p.cooldown when 'ignored' then p_now end,
    probe_call_id = null
  from (
    -- By place: a probe of the key for each. observe_users holds them.
    select u.breaker, (u.job).provider, held.place
    from unnest(p_settlements) as u
    cross join lateral (
      select k.ctid as place, k.state, k.probe_call_id
      from tollhouse_private.breakers as k
      where k.tenant_id = (u.job).tenant_id and k.user_id = (u.job).user_id and k.provider = (u.job).provider
      offset 0
    ) as held
    where held.state = 'half_open' and held.probe_call_id = (u.job).call_id
    offset 0
  ) as s
  join tollhouse_private.providers as p on p.provider = s.provider
  where b.ctid = s.place;

  with moved as (
    update tollhouse_private.provider_breakers as pb
    set
      state = case s.breaker when 'success' then 'closed' else 'open' end,
      opened_at = case when s.breaker <> 'success' then pb.opened_at end,
      reason = case when s.breaker <> 'success' then pb.reason end,
      open_until = case s.breaker when 'failure' then p_now + p.cooldown when 'ignored' then p_now end,
      probe_call_id = null
    from unnest(p_settlements) as s
    join tollhouse_private.providers as p on p.provider = (s.job).provider
    where pb.provider = (s.job).provider
      and pb.state = 'half_open'
      and pb.probe_call_id = (s.job).call_id
    returning pb.provider, pb.state
  )
  -- What opened it may still be in the window: a breaker that closes counts anew.
  delete from tollhouse_private.provider_windows as pw
  using moved as m
  where pw.provider = m.provider
    and m.state = 'closed';
end
$$;
comment on function tollhouse_private.observe_probes(tollhouse_private.settlement[], timestamptz) is
  'A probe''s success closes its breaker, its failure opens it for another cool-down.';

revoke execute on function tollhouse_private.observe_probes(tollhouse_private.settlement[], timestamptz) from public;

commit;
