-- Deploy tollhouse:breaker/observe to pg
-- requires: breaker/breakers
-- requires: execution/settlement
-- requires: admission/verdict

begin;
set local role tollhouse_engine;

create function tollhouse_private.observe_users(
  p_settlements tollhouse_private.settlement[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_locked tollhouse_private.breakers[];
begin
  insert into tollhouse_private.breakers (tenant_id, user_id, provider)
  select distinct (s.job).tenant_id, (s.job).user_id, (s.job).provider
  from unnest(p_settlements) as s
  where s.breaker = 'failure'
  order by 1, 2, 3
  on conflict do nothing;

  select array_agg(locked.breaker) into v_locked
  from (
    select b as breaker
    from tollhouse_private.breakers as b
    where (b.tenant_id, b.user_id, b.provider) in (
      select (s.job).tenant_id, (s.job).user_id, (s.job).provider from unnest(p_settlements) as s
    )
    order by b.tenant_id, b.user_id, b.provider
    for update
  ) as locked;
  -- The healthy path ends here: a success only matters where a row remembers failures.
  if v_locked is null then
    return;
  end if;

  -- Only what is locked: a row that another batch has made meanwhile would be locked out of the order of keys.

  with seen as (
    select
      (s.job).tenant_id, (s.job).user_id, (s.job).provider, (s.job).call_id, s.breaker,
      count(*) filter (where s.breaker = 'success') over later as successes_from_here
    from unnest(p_settlements) as s
    where s.breaker <> 'ignored'
    window later as (
      partition by (s.job).tenant_id, (s.job).user_id, (s.job).provider
      order by (s.job).started_at desc, (s.job).call_id desc
    )
  ),
  tally as (
    select
      se.tenant_id, se.user_id, se.provider,
      bool_or(se.breaker = 'success') as any_success,
      count(*) filter (where se.breaker = 'failure' and se.successes_from_here = 0) as failures_at_end
    from seen as se
    group by se.tenant_id, se.user_id, se.provider
  )
  update tollhouse_private.breakers as b
  set
    consecutive_failures = case when t.any_success then 0 else b.consecutive_failures end + t.failures_at_end,
    state = case when opens.now then 'open' else b.state end,
    opened_at = case when opens.now then p_now else b.opened_at end,
    open_until = case when opens.now then p_now + p.cooldown else b.open_until end
  from tally as t
  join unnest(v_locked) as l on l.tenant_id = t.tenant_id and l.user_id = t.user_id and l.provider = t.provider
  join tollhouse_private.providers as p on p.provider = t.provider
  cross join lateral (
    select l.state = 'closed'
      and case when t.any_success then 0 else l.consecutive_failures end + t.failures_at_end >= p.failure_threshold as now
  ) as opens
  where b.tenant_id = t.tenant_id and b.user_id = t.user_id and b.provider = t.provider
    and (t.failures_at_end > 0 or b.consecutive_failures > 0)
    and b.state = 'closed';
end
$$;
comment on function tollhouse_private.observe_users(tollhouse_private.settlement[], timestamptz) is
  'Counts consecutive failures per tenant, user and provider; opens the breaker at the provider''s threshold.';

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
  if not exists (select from tollhouse_private.breakers as b where b.state = 'half_open')
    and not exists (select from tollhouse_private.provider_breakers as pb where pb.state = 'half_open')
  then
    return;
  end if;

  update tollhouse_private.breakers as b
  set
    state = case s.breaker when 'success' then 'closed' else 'open' end,
    consecutive_failures = case s.breaker when 'success' then 0 when 'failure' then b.consecutive_failures + 1 else b.consecutive_failures end,
    opened_at = case s.breaker when 'success' then null when 'failure' then p_now else b.opened_at end,
    -- A probe that said nothing about the provider leaves its slot to the next call.
    open_until = case s.breaker when 'failure' then p_now + p.cooldown when 'ignored' then p_now end,
    probe_call_id = null
  from unnest(p_settlements) as s
  join tollhouse_private.providers as p on p.provider = (s.job).provider
  where b.tenant_id = (s.job).tenant_id and b.user_id = (s.job).user_id and b.provider = (s.job).provider
    and b.state = 'half_open'
    and b.probe_call_id = (s.job).call_id;

  with moved as (
    update tollhouse_private.provider_breakers as pb
    set
      state = case s.breaker when 'success' then 'closed' else 'open' end,
      opened_at = case s.breaker when 'success' then null when 'failure' then p_now else pb.opened_at end,
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

create function tollhouse_private.observe_providers(
  p_settlements tollhouse_private.settlement[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into tollhouse_private.provider_windows as pw (provider, worker_id, window_start, calls, failures, failing_users)
  select
    (s.job).provider, (s.job).worker_id, p_now, count(*), count(*) filter (where s.breaker = 'failure'),
    coalesce((array_agg(distinct (s.job).tenant_id || '/' || (s.job).user_id) filter (where s.breaker = 'failure'))[1:2], '{}')
  from unnest(p_settlements) as s
  where s.breaker <> 'ignored'
  group by 1, 2
  order by 1, 2
  on conflict (provider, worker_id) do update
  set (window_start, calls, failures, failing_users) = (
    select
      case when fresh.yes then pw.window_start else p_now end,
      case when fresh.yes then pw.calls else 0 end + excluded.calls,
      case when fresh.yes then pw.failures else 0 end + excluded.failures,
      (
        select coalesce((array_agg(distinct u.name))[1:2], '{}')
        from unnest(case when fresh.yes then pw.failing_users end || excluded.failing_users) as u (name)
      )
    from tollhouse_private.providers as p
    cross join lateral (select pw.window_start > p_now - p.failure_window as yes) as fresh
    where p.provider = pw.provider
  );

  if not exists (select from unnest(p_settlements) as s where s.breaker = 'failure') then
    return;
  end if;

  insert into tollhouse_private.provider_breakers as pb (provider, state, opened_at, open_until)
  select p.provider, 'open', p_now, p_now + p.cooldown
  from tollhouse_private.providers as p
  join tollhouse_private.provider_windows as pw
    on pw.provider = p.provider and pw.window_start > p_now - p.failure_window
  where p.provider in (select (s.job).provider from unnest(p_settlements) as s where s.breaker = 'failure')
    and not exists (select from tollhouse_private.provider_breakers as pb2 where pb2.provider = p.provider and pb2.state <> 'closed')
  group by p.provider
  having sum(pw.calls) >= p.window_min_calls
    and sum(pw.failures) >= sum(pw.calls) * p.window_failure_share
    and (
      select count(distinct u.name)
      from tollhouse_private.provider_windows as pw2
      cross join lateral unnest(pw2.failing_users) as u (name)
      where pw2.provider = p.provider and pw2.window_start > p_now - p.failure_window
    ) > 1
  order by p.provider
  on conflict (provider) do update
  set state = 'open', opened_at = p_now, open_until = excluded.open_until, probe_call_id = null
  where pb.state = 'closed';
end
$$;
comment on function tollhouse_private.observe_providers(tollhouse_private.settlement[], timestamptz) is
  'Counts each provider''s outcomes in its window; opens its own breaker when the share of failures is reached by more than one user.';

create function tollhouse_private.begin_probes(
  p_routes tollhouse_private.route[]
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from unnest(p_routes) as r where r.user_probe or r.provider_probe) then
    return;
  end if;

  update tollhouse_private.breakers as b
  set state = 'half_open', probe_call_id = (r.job).call_id
  from unnest(p_routes) as r
  where r.user_probe
    and b.tenant_id = (r.job).tenant_id and b.user_id = (r.job).user_id and b.provider = r.provider;

  update tollhouse_private.provider_breakers as pb
  set state = 'half_open', probe_call_id = (r.job).call_id
  from unnest(p_routes) as r
  where r.provider_probe
    and pb.provider = r.provider;
end
$$;
comment on function tollhouse_private.begin_probes(tollhouse_private.route[]) is
  'Makes the admitted probes the only calls that pass their breakers, which route_jobs has locked.';

revoke execute on function tollhouse_private.observe_users(tollhouse_private.settlement[], timestamptz) from public;
revoke execute on function tollhouse_private.observe_probes(tollhouse_private.settlement[], timestamptz) from public;
revoke execute on function tollhouse_private.observe_providers(tollhouse_private.settlement[], timestamptz) from public;
revoke execute on function tollhouse_private.begin_probes(tollhouse_private.route[]) from public;

commit;
