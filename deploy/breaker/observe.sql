-- Deploy tollhouse:breaker/observe to pg

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
    select (s.job).tenant_id, (s.job).user_id, (s.job).provider
    from unnest(p_settlements) as s
    group by 1, 2, 3
    order by 1, 2, 3
  ) as caller
  cross join lateral (
    select b as breaker
    from tollhouse_private.breakers as b
    where b.tenant_id = caller.tenant_id and b.user_id = caller.user_id and b.provider = caller.provider
    for update
  ) as locked;
  -- The healthy path ends here: a success only matters if a row has counted failures.
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

  if not exists (select from unnest(v_locked) as l where l.state = 'half_open') then
    return;
  end if;
  update tollhouse_private.breakers as b
  set
    state = case s.breaker when 'success' then 'closed' else 'open' end,
    consecutive_failures = case s.breaker when 'success' then 0 when 'failure' then b.consecutive_failures + 1 else b.consecutive_failures end,
    opened_at = case when s.breaker <> 'success' then b.opened_at end,
    reason = case when s.breaker <> 'success' then b.reason end,
    -- A probe that says nothing about the provider frees its slot for the next call.
    open_until = case s.breaker when 'failure' then p_now + p.cooldown when 'ignored' then p_now end,
    probe_call_id = null
  from (
    select l.tenant_id, l.user_id, l.provider, u.breaker
    from unnest(v_locked) as l
    join unnest(p_settlements) as u on (u.job).call_id = l.probe_call_id and (u.job).tenant_id = l.tenant_id
      and (u.job).user_id = l.user_id and (u.job).provider = l.provider
    where l.state = 'half_open'
    offset 0
  ) as s
  join tollhouse_private.providers as p on p.provider = s.provider
  where b.tenant_id = s.tenant_id and b.user_id = s.user_id and b.provider = s.provider;
end
$$;
comment on function tollhouse_private.observe_users(tollhouse_private.settlement[], timestamptz) is
  'Counts consecutive failures per tenant, user and provider; opens the breaker at the provider''s threshold. A probe''s success closes it, its failure opens it for another cool-down.';

create function tollhouse_private.fails_everybody(
  p_provider tollhouse_private.providers,
  p_now timestamptz
)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_seen record;
begin
  select
    coalesce(sum(t.calls), 0) as calls,
    sum(t.failures) as failures,
    sum(t.calls) filter (where t.place > 1) as calls_of_others,
    sum(t.failures) filter (where t.place > 1) as failures_of_others
  into v_seen
  from (
    select sum(pw.calls) as calls, sum(pw.failures) as failures, row_number() over (order by sum(pw.failures) desc) as place
    from tollhouse_private.provider_windows as pw
    where pw.provider = p_provider.provider
      and pw.window_start > p_now - p_provider.failure_window
    group by pw.tenant_id
  ) as t;

  if v_seen.calls < p_provider.window_min_calls or v_seen.failures < v_seen.calls * p_provider.window_failure_share then
    return null;
  end if;
  -- It must be so without the tenant that failed most: none closes a provider to the others.
  if v_seen.failures_of_others < v_seen.calls_of_others * p_provider.window_failure_share then
    return null;
  end if;
  if v_seen.calls_of_others is null and (
    select count(distinct u.user_id) < 2
    from tollhouse_private.provider_windows as pw
    cross join lateral unnest(pw.failing_users) as u (user_id)
    where pw.provider = p_provider.provider
      and pw.window_start > p_now - p_provider.failure_window
  ) then
    return null;
  end if;
  return format('%s of %s calls failed', v_seen.failures, v_seen.calls);
end
$$;
comment on function tollhouse_private.fails_everybody(tollhouse_private.providers, timestamptz) is
  'How many calls failed, in words, when a provider''s share of failures is reached in its window, and not through one tenant alone; where only one calls, not through one user alone. Null when it is not.';

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
  insert into tollhouse_private.provider_windows as pw (provider, worker_id, tenant_id, window_start, calls, failures, failing_users)
  select
    (s.job).provider, (s.job).worker_id, (s.job).tenant_id, p_now, count(*), count(*) filter (where s.breaker = 'failure'),
    coalesce((array_agg(distinct (s.job).user_id) filter (where s.breaker = 'failure'))[1:2], '{}')
  from unnest(p_settlements) as s
  where s.breaker <> 'ignored'
  group by 1, 2, 3
  order by 1, 2, 3
  on conflict (provider, worker_id, tenant_id) do update
  set (window_start, calls, failures, failing_users) = (
    select
      case when fresh.yes then pw.window_start else p_now end,
      case when fresh.yes then pw.calls else 0 end + excluded.calls,
      case when fresh.yes then pw.failures else 0 end + excluded.failures,
      (
        select coalesce((array_agg(distinct u.user_id))[1:2], '{}')
        from unnest(case when fresh.yes then pw.failing_users end || excluded.failing_users) as u (user_id)
      )
    from tollhouse_private.providers as p
    cross join lateral (select pw.window_start > p_now - p.failure_window as yes) as fresh
    where p.provider = pw.provider
  );

  if exists (select from tollhouse_private.provider_breakers as pb where pb.state = 'half_open') then
    -- The failures that opened it may still be in the window, so a closing breaker starts counting afresh.
    delete from tollhouse_private.provider_windows as pw
    using (
      select pb.provider
      from tollhouse_private.provider_breakers as pb
      where pb.state = 'half_open'
        and pb.probe_call_id in (select (s.job).call_id from unnest(p_settlements) as s where s.breaker = 'success' and (s.job).provider = pb.provider)
      offset 0
    ) as closing
    where pw.provider = closing.provider;
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
      and pb.probe_call_id = (s.job).call_id;
  end if;

  if exists (select from unnest(p_settlements) as s where s.breaker = 'failure') then
    insert into tollhouse_private.provider_breakers as pb (provider, state, opened_at, open_until, reason)
    select p.provider, 'open', p_now, p_now + p.cooldown, failing.reason
    from (
      select distinct (s.job).provider from unnest(p_settlements) as s where s.breaker = 'failure'
      except select known.provider from tollhouse_private.provider_breakers as known where known.state <> 'closed'
    ) as f
    join tollhouse_private.providers as p on p.provider = f.provider
    cross join lateral (select tollhouse_private.fails_everybody(p, p_now) as reason offset 0) as failing
    where failing.reason is not null
    order by p.provider
    on conflict (provider) do update
    set state = 'open', opened_at = p_now, open_until = excluded.open_until, reason = excluded.reason, probe_call_id = null
    where pb.state = 'closed';
  end if;
end
$$;
comment on function tollhouse_private.observe_providers(tollhouse_private.settlement[], timestamptz) is
  'Counts each provider''s outcomes in its window; opens the breaker of one that fails everybody. A probe''s success closes it, its failure opens it for another cool-down.';

revoke execute on function tollhouse_private.observe_users(tollhouse_private.settlement[], timestamptz) from public;
revoke execute on function tollhouse_private.fails_everybody(tollhouse_private.providers, timestamptz) from public;
revoke execute on function tollhouse_private.observe_providers(tollhouse_private.settlement[], timestamptz) from public;

commit;
