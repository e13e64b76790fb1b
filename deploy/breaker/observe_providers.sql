-- Deploy tollhouse:breaker/observe_providers to pg
-- requires: routing/providers
-- requires: breaker/provider_breakers
-- requires: breaker/provider_windows
-- requires: execution/settlement

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

revoke execute on function tollhouse_private.observe_providers(tollhouse_private.settlement[], timestamptz) from public;

commit;
