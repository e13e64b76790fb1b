-- Deploy tollhouse:budget/settle_budget to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.settle_budget(
  p_settlements tollhouse_private.settlement[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_line record;
begin
  perform
  from (
    select (s.job).tenant_id, u.user_id, (s.job).budget_month as month
    from unnest(p_settlements) as s
    cross join lateral (values (''), ((s.job).user_id)) as u (user_id)
    group by 1, 2, 3
    order by 1, 2, 3
    offset 0
  ) as payer
  cross join lateral (
    select
    from tollhouse_private.monthly_budgets as mb
    where mb.tenant_id = payer.tenant_id and mb.user_id = payer.user_id and mb.month = payer.month
    for update
  ) as locked;

  for v_line in
    with booked as (
      update tollhouse_private.monthly_budgets as mb
      set
        reserved_micro_usd = mb.reserved_micro_usd - due.reserved,
        spent_micro_usd = mb.spent_micro_usd + due.spent
      from (
        select d.*, (
          select k.ctid from tollhouse_private.monthly_budgets as k
          where k.tenant_id = d.tenant_id and k.user_id = d.user_id and k.month = d.month
        ) as place
        from (
          select
            (s.job).tenant_id, u.user_id, (s.job).budget_month as month,
            sum((s.job).reserved_micro_usd) as reserved, sum(s.cost_micro_usd) as spent
          from unnest(p_settlements) as s
          cross join lateral (values (''), ((s.job).user_id)) as u (user_id)
          group by 1, 2, 3
        ) as d
        offset 0
      ) as due
      where mb.ctid = due.place
      returning mb.tenant_id, mb.user_id, mb.line_at
    )
    select b.tenant_id, coalesce(array_agg(b.user_id) filter (where b.user_id <> ''), '{}') as users
    from booked as b
    where b.line_at is not null
    group by b.tenant_id
    order by b.tenant_id
  loop
    perform tollhouse_private.call_up_budget(v_line.tenant_id, v_line.users, p_now);
  end loop;
end
$$;
comment on function tollhouse_private.settle_budget(tollhouse_private.settlement[], timestamptz) is
  'Releases the reservations of ended attempts and books their cost, in the month that reserved it, and calls up what waits for that room.';

revoke execute on function tollhouse_private.settle_budget(tollhouse_private.settlement[], timestamptz) from public;

commit;
