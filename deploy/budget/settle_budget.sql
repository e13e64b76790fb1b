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
  perform
  from tollhouse_private.monthly_budgets as mb
  where (mb.tenant_id, mb.user_id, mb.month) in (
    select (s.job).tenant_id, u.user_id, (s.job).budget_month
    from unnest(p_settlements) as s
    cross join lateral (values (''), ((s.job).user_id)) as u (user_id)
  )
  order by mb.tenant_id, mb.user_id, mb.month
  for update;

  update tollhouse_private.monthly_budgets as mb
  set
    reserved_micro_usd = mb.reserved_micro_usd - due.reserved,
    spent_micro_usd = mb.spent_micro_usd + due.spent
  from (
    select
      (s.job).tenant_id, u.user_id, (s.job).budget_month as month,
      sum((s.job).reserved_micro_usd) as reserved, sum(s.cost_micro_usd) as spent
    from unnest(p_settlements) as s
    cross join lateral (values (''), ((s.job).user_id)) as u (user_id)
    group by 1, 2, 3
  ) as due
  where mb.tenant_id = due.tenant_id and mb.user_id = due.user_id and mb.month = due.month;
end
$$;
comment on function tollhouse_private.settle_budget(tollhouse_private.settlement[]) is
  'Releases the reservations of ended attempts and books their cost, in the month that reserved it.';

revoke execute on function tollhouse_private.settle_budget(tollhouse_private.settlement[]) from public;

commit;
