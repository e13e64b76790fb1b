-- Deploy tollhouse:budget/settle_budget to pg
-- requires: budget/monthly_budgets
-- requires: execution/settlement

begin;
set local role tollhouse_engine;

create function tollhouse_private.settle_budget(
  p_settlements tollhouse_private.settlement[]
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- Rows by a probe of their key, and then by their place: missing statistics can't turn it round.
  perform
  from (
    select (s.job).tenant_id, u.user_id, (s.job).budget_month as month
    from unnest(p_settlements) as s
    cross join lateral (values (''), ((s.job).user_id)) as u (user_id)
    group by 1, 2, 3
    order by 1, 2, 3
  ) as payer
  cross join lateral (
    select
    from tollhouse_private.monthly_budgets as mb
    where mb.tenant_id = payer.tenant_id and mb.user_id = payer.user_id and mb.month = payer.month
    for update
  ) as locked;

  update tollhouse_private.monthly_budgets as mb
  set
    reserved_micro_usd = mb.reserved_micro_usd - due.reserved,
    spent_micro_usd = mb.spent_micro_usd + due.spent
  from (
    select payer.reserved, payer.spent, (
      select mb.ctid from tollhouse_private.monthly_budgets as mb
      where mb.tenant_id = payer.tenant_id and mb.user_id = payer.user_id and mb.month = payer.month
    ) as place
    from (
      select
        (s.job).tenant_id, u.user_id, (s.job).budget_month as month,
        sum((s.job).reserved_micro_usd) as reserved, sum(s.cost_micro_usd) as spent
      from unnest(p_settlements) as s
      cross join lateral (values (''), ((s.job).user_id)) as u (user_id)
      group by 1, 2, 3
    ) as payer
    offset 0
  ) as due
  where mb.ctid = due.place;
end
$$;
comment on function tollhouse_private.settle_budget(tollhouse_private.settlement[]) is
  'Releases the reservations of ended attempts and books their cost, in the month that reserved it.';

revoke execute on function tollhouse_private.settle_budget(tollhouse_private.settlement[]) from public;

commit;
