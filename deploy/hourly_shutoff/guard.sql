-- Deploy tollhouse:hourly_shutoff/guard to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.guard_hourly_shutoff(
  p_jobs tollhouse_private.work[],
  p_now timestamptz
)
  returns setof tollhouse_private.verdict
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select j.call_id, 'blocked', 'hourly_shutoff', null::timestamptz, null::bigint
  from unnest(p_jobs) as j
  where (
    -- A probe of the key for each: missing statistics can't make one of the tenant alone.
    select max(hs.disabled_until)
    from (values (''), (j.user_id)) as u (user_id)
    cross join lateral (
      select k.disabled_until
      from tollhouse_private.hourly_shutoffs as k
      where k.tenant_id = j.tenant_id and k.user_id = u.user_id
      offset 0
    ) as hs
  ) > p_now;
end
$$;
comment on function tollhouse_private.guard_hourly_shutoff(tollhouse_private.work[], timestamptz) is
  'Blocks the calls of a tenant or user that is shut off.';

revoke execute on function tollhouse_private.guard_hourly_shutoff(tollhouse_private.work[], timestamptz) from public;
grant execute on function tollhouse_private.guard_hourly_shutoff(tollhouse_private.work[], timestamptz) to tollhouse_engine;

commit;
