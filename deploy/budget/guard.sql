-- Deploy tollhouse:budget/guard to pg
-- requires: admission/verdict
-- requires: budget/budget_caps
-- requires: budget/monthly_budgets
-- requires: budget/budget_month

begin;
set local role tollhouse_engine;

-- The only place that raises reserved_micro_usd. Locks in the order of the key, as settle_budget does.
create function tollhouse_private.guard_budget(
  p_routes tollhouse_private.route[],
  p_now timestamptz
)
  returns setof tollhouse_private.verdict
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_month date := tollhouse_private.budget_month(p_now);
  v_tight text[];
  v_route tollhouse_private.route;
begin
  -- Rows by a probe of their key, here and below: missing statistics can't turn it round. Locked in the order of the key.
  insert into tollhouse_private.monthly_budgets (tenant_id, user_id, month, cap_micro_usd)
  select payer.tenant_id, payer.user_id, v_month, (
    select bc.cap_micro_usd from tollhouse_private.budget_caps as bc
    where bc.tenant_id = payer.tenant_id and bc.user_id = payer.user_id
  )
  from (
    select (r.job).tenant_id, u.user_id
    from unnest(p_routes) as r
    cross join lateral (values (''), ((r.job).user_id)) as u (user_id)
    group by 1, 2
  ) as payer
  where (
    select true from tollhouse_private.monthly_budgets as mb
    where mb.tenant_id = payer.tenant_id and mb.user_id = payer.user_id and mb.month = v_month
  ) is not true
  order by payer.tenant_id, payer.user_id
  on conflict do nothing;

  perform
  from (
    select (r.job).tenant_id, u.user_id
    from unnest(p_routes) as r
    cross join lateral (values (''), ((r.job).user_id)) as u (user_id)
    group by 1, 2
    order by 1, 2
  ) as payer
  cross join lateral (
    select
    from tollhouse_private.monthly_budgets as mb
    where mb.tenant_id = payer.tenant_id and mb.user_id = payer.user_id and mb.month = v_month
    for update
  ) as locked;

  with need as materialized (
    select payer.*, (
      select mb.ctid from tollhouse_private.monthly_budgets as mb
      where mb.tenant_id = payer.tenant_id and mb.user_id = payer.user_id and mb.month = v_month
    ) as place
    from (
      select (r.job).tenant_id, u.user_id, sum(r.reservation) as amount
      from unnest(p_routes) as r
      cross join lateral (values (''), ((r.job).user_id)) as u (user_id)
      group by 1, 2
    ) as payer
  ),
  tight as materialized (
    select distinct n.tenant_id
    from need as n
    where (
      select mb.reserved_micro_usd + mb.spent_micro_usd + n.amount > mb.cap_micro_usd
      from tollhouse_private.monthly_budgets as mb
      where mb.tenant_id = n.tenant_id and mb.user_id = n.user_id and mb.month = v_month
    )
  ),
  taken as (
    update tollhouse_private.monthly_budgets as mb
    set reserved_micro_usd = mb.reserved_micro_usd + n.amount
    from need as n
    where mb.ctid = n.place
      and n.tenant_id not in (select t.tenant_id from tight as t)
  )
  select coalesce(array_agg(t.tenant_id), '{}') into v_tight from tight as t;

  -- Where not all of a tenant's calls fit, each is tried by itself, the oldest first.
  for v_route in
    select r.* from unnest(p_routes) as r where (r.job).tenant_id = any (v_tight) order by (r.job).call_id
  loop
    update tollhouse_private.monthly_budgets as mb
    set reserved_micro_usd = mb.reserved_micro_usd + v_route.reservation
    where mb.tenant_id = (v_route.job).tenant_id
      and mb.user_id in ('', (v_route.job).user_id)
      and mb.month = v_month
      and not exists (
        select
        from tollhouse_private.monthly_budgets as full_up
        where full_up.tenant_id = (v_route.job).tenant_id
          and full_up.user_id in ('', (v_route.job).user_id)
          and full_up.month = v_month
          and full_up.reserved_micro_usd + full_up.spent_micro_usd + v_route.reservation > full_up.cap_micro_usd
      );
    if not found then
      return next row((v_route.job).call_id, 'blocked', 'monthly_cap_exceeded', null)::tollhouse_private.verdict;
    end if;
  end loop;
end
$$;
comment on function tollhouse_private.guard_budget(tollhouse_private.route[], timestamptz) is
  'Reserves each call''s highest possible cost from its user''s and its tenant''s month, or blocks it.';

revoke execute on function tollhouse_private.guard_budget(tollhouse_private.route[], timestamptz) from public;

commit;
