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
  with payer as materialized (
    -- Once per user, by a probe of the whole key, even without statistics.
    select p.tenant_id, p.user_id, (
      select max(hs.disabled_until)
      from (values (''), (p.user_id)) as u (user_id)
      cross join lateral (
        select k.disabled_until
        from tollhouse_private.hourly_shutoffs as k
        where k.tenant_id = p.tenant_id and k.user_id = u.user_id
        offset 0
      ) as hs
    ) as disabled_until
    from (select distinct j.tenant_id, j.user_id from unnest(p_jobs) as j) as p
  )
  select j.call_id, 'blocked', 'hourly_shutoff', p.disabled_until, null::bigint
  from payer as p
  join unnest(p_jobs) as j on j.tenant_id = p.tenant_id and j.user_id = p.user_id
  where p.disabled_until > p_now;
end
$$;
comment on function tollhouse_private.guard_hourly_shutoff(tollhouse_private.work[], timestamptz) is
  'Blocks the calls of a tenant or user that is shut off, and says until when.';

revoke execute on function tollhouse_private.guard_hourly_shutoff(tollhouse_private.work[], timestamptz) from public;
grant execute on function tollhouse_private.guard_hourly_shutoff(tollhouse_private.work[], timestamptz) to tollhouse_engine;

commit;
