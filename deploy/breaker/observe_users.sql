-- Deploy tollhouse:breaker/observe_users to pg

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

revoke execute on function tollhouse_private.observe_users(tollhouse_private.settlement[], timestamptz) from public;

commit;
