-- Deploy tollhouse:breaker/observe_providers to pg

begin;
set local role tollhouse_engine;

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

  if not exists (select from unnest(p_settlements) as s where s.breaker = 'failure') then
    return;
  end if;

  insert into tollhouse_private.provider_breakers as pb (provider, state, opened_at, open_until, reason)
  select p.provider, 'open', p_now, p_now + p.cooldown, (
    select format('%s of %s calls failed', sum(pw.failures), sum(pw.calls))
    from tollhouse_private.provider_windows as pw
    where pw.provider = p.provider and pw.window_start > p_now - p.failure_window
  )
  from tollhouse_private.providers as p
  where p.provider in (select (s.job).provider from unnest(p_settlements) as s where s.breaker = 'failure')
    and not exists (select from tollhouse_private.provider_breakers as pb2 where pb2.provider = p.provider and pb2.state <> 'closed')
    and tollhouse_private.fails_everybody(p, p_now)
  order by p.provider
  on conflict (provider) do update
  set state = 'open', opened_at = p_now, open_until = excluded.open_until, reason = excluded.reason, probe_call_id = null
  where pb.state = 'closed';
end
$$;
comment on function tollhouse_private.observe_providers(tollhouse_private.settlement[], timestamptz) is
  'Counts each provider''s outcomes in its window; opens the breaker of one that fails everybody.';

revoke execute on function tollhouse_private.observe_providers(tollhouse_private.settlement[], timestamptz) from public;

commit;
