-- Deploy tollhouse:hourly_shutoff/correct_hours to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.correct_hours(
  p_late tollhouse_private.settlement[]
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into tollhouse_private.hourly_spend as hs (tenant_id, user_id, hour, spent_micro_usd)
  select pa.tenant_id, u.user_id, date_trunc('hour', pa.finished_at, 'UTC'), sum(l.cost_micro_usd)
  from unnest(p_late) as l
  cross join lateral (
    select a.tenant_id, a.user_id, a.finished_at
    from tollhouse_private.provider_attempts as a
    where a.tenant_id = (l.job).tenant_id and a.call_id = (l.job).call_id and a.attempt = (l.job).attempts
      and a.created_at = (l.job).created_at
      and not a.late
    offset 0
  ) as pa
  cross join lateral (values (''), (pa.user_id)) as u (user_id)
  group by 1, 2, 3
  order by 1, 2, 3
  on conflict (tenant_id, user_id, hour) do update
  set spent_micro_usd = hs.spent_micro_usd + excluded.spent_micro_usd;
end
$$;
comment on function tollhouse_private.correct_hours(tollhouse_private.settlement[]) is
  'Books the difference of a late result into the hour that the abandoned attempt was charged to. Shuts nobody off.';

revoke execute on function tollhouse_private.correct_hours(tollhouse_private.settlement[]) from public;

commit;
