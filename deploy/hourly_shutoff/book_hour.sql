-- Deploy tollhouse:hourly_shutoff/book_hour to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.book_hour(
  p_settlements tollhouse_private.settlement[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_hour timestamptz := date_trunc('hour', p_now, 'UTC');
  v_tripped record;
begin
  insert into tollhouse_private.hourly_spend as hs (tenant_id, user_id, hour, calls, spent_micro_usd)
  select (s.job).tenant_id, u.user_id, v_hour, count(*), sum(s.cost_micro_usd)
  from unnest(p_settlements) as s
  cross join lateral (values (''), ((s.job).user_id)) as u (user_id)
  where (s.result).outcome <> 'not_sent'
  group by 1, 2
  order by 1, 2
  on conflict (tenant_id, user_id, hour) do update
  set calls = hs.calls + excluded.calls, spent_micro_usd = hs.spent_micro_usd + excluded.spent_micro_usd;

  for v_tripped in
    -- By place, which is locked: a probe of the key for each, whatever the planner thinks of the tables.
    update tollhouse_private.hourly_spend as hs
    set tripped_at_micro_usd = hs.spent_micro_usd
    from (
      select
        (
          select k.ctid from tollhouse_private.hourly_spend as k
          where k.tenant_id = payer.tenant_id and k.user_id = payer.user_id and k.hour = v_hour
        ) as place,
        (
          select so.threshold_micro_usd from tollhouse_private.hourly_shutoffs as so
          where so.tenant_id = payer.tenant_id and so.user_id = payer.user_id
        ) as threshold
      from (
        select distinct (s.job).tenant_id, u.user_id
        from unnest(p_settlements) as s
        cross join lateral (values (''), ((s.job).user_id)) as u (user_id)
        where (s.result).outcome <> 'not_sent'
      ) as payer
      offset 0
    ) as due
    where hs.ctid = due.place
      and hs.spent_micro_usd - hs.tripped_at_micro_usd >= due.threshold
    returning hs.tenant_id, hs.user_id, hs.spent_micro_usd
  loop
    update tollhouse_private.hourly_shutoffs as so
    set
      disabled_until = coalesce(p_now + so.cooldown, v_hour + interval '1 hour'),
      mode = 'automatic',
      reason = format('spent %s of %s USD in the hour', trim_scale(round(v_tripped.spent_micro_usd / 1000000.0, 6)), trim_scale(round(so.threshold_micro_usd / 1000000.0, 6)))
    where so.tenant_id = v_tripped.tenant_id and so.user_id = v_tripped.user_id
      -- A longer shutoff, an operator's, stays as it is.
      and (so.disabled_until is null or so.disabled_until < coalesce(p_now + so.cooldown, v_hour + interval '1 hour'));
  end loop;
end
$$;
comment on function tollhouse_private.book_hour(tollhouse_private.settlement[], timestamptz) is
  'Books the ended attempts into the hour and shuts off the tenant or user whose threshold is reached.';

revoke execute on function tollhouse_private.book_hour(tollhouse_private.settlement[], timestamptz) from public;

commit;
