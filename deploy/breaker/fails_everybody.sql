-- Deploy tollhouse:breaker/fails_everybody to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.fails_everybody(
  p_provider tollhouse_private.providers,
  p_now timestamptz
)
  returns boolean
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
    return false;
  end if;
  -- It must be so without the tenant that failed most: none closes a provider to the others.
  if v_seen.calls_of_others is not null then
    return v_seen.failures_of_others >= v_seen.calls_of_others * p_provider.window_failure_share;
  end if;
  return (
    select count(distinct u.user_id) > 1
    from tollhouse_private.provider_windows as pw
    cross join lateral unnest(pw.failing_users) as u (user_id)
    where pw.provider = p_provider.provider
      and pw.window_start > p_now - p_provider.failure_window
  );
end
$$;
comment on function tollhouse_private.fails_everybody(tollhouse_private.providers, timestamptz) is
  'Whether a provider''s share of failures is reached in its window, and not through one tenant alone; where only one calls, not through one user alone.';

revoke execute on function tollhouse_private.fails_everybody(tollhouse_private.providers, timestamptz) from public;

commit;
