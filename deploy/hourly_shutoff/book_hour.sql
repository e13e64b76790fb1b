-- Deploy tollhouse:hourly_shutoff/book_hour to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.book_hour(
  p_dues tollhouse_private.due[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_booked tollhouse_private.hourly_spend[];
  v_spent tollhouse_private.hourly_spend;
begin
  with booked as (
    insert into tollhouse_private.hourly_spend as hs (tenant_id, user_id, hour, calls, spent_micro_usd)
    select d.tenant_id, d.user_id, d.hour, sum(d.attempts), sum(d.cost_micro_usd)
    from unnest(p_dues) as d
    group by d.tenant_id, d.user_id, d.hour
    having sum(d.attempts) > 0 or sum(d.cost_micro_usd) <> 0
    order by d.tenant_id, d.user_id, d.hour
    on conflict (tenant_id, user_id, hour) do update
    set calls = hs.calls + excluded.calls, spent_micro_usd = hs.spent_micro_usd + excluded.spent_micro_usd
    returning hs as spend
  )
  select array_agg(b.spend) into v_booked from booked as b;

  -- A separate statement, so that a threshold set while this waited for the hour applies.
  for v_spent in
    select s.*
    from unnest(v_booked) as s
    where s.spent_micro_usd - s.tripped_at_micro_usd >= (
      select so.threshold_micro_usd from tollhouse_private.hourly_shutoffs as so
      where so.tenant_id = s.tenant_id and so.user_id = s.user_id
    )
    order by s.tenant_id, s.user_id
  loop
    -- A correction shuts nobody off, because the hour it corrects may be over.
    continue when not exists (
      select from unnest(p_dues) as d where d.tenant_id = v_spent.tenant_id and d.user_id = v_spent.user_id and d.attempts > 0
    );
    update tollhouse_private.hourly_spend as hs
    set tripped_at_micro_usd = hs.spent_micro_usd
    where hs.tenant_id = v_spent.tenant_id and hs.user_id = v_spent.user_id and hs.hour = v_spent.hour;
    update tollhouse_private.hourly_shutoffs as so
    set
      disabled_until = coalesce(p_now + so.cooldown, v_spent.hour + interval '1 hour'),
      mode = 'automatic',
      reason = format('spent %s of %s USD in the hour', trim_scale(round(v_spent.spent_micro_usd / 1000000.0, 6)), trim_scale(round(so.threshold_micro_usd / 1000000.0, 6)))
    where so.tenant_id = v_spent.tenant_id and so.user_id = v_spent.user_id
      -- A longer shutoff, set by an operator, stays as it is.
      and (so.disabled_until is null or so.disabled_until < coalesce(p_now + so.cooldown, v_spent.hour + interval '1 hour'));
  end loop;
end
$$;
comment on function tollhouse_private.book_hour(tollhouse_private.due[], timestamptz) is
  'Books ended attempts into the hour and shuts off a tenant or user that reaches its threshold. Late results only correct their hour and shut nobody off.';

revoke execute on function tollhouse_private.book_hour(tollhouse_private.due[], timestamptz) from public;

commit;
