-- Deploy tollhouse:budget/settle_budget to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.settle_budget(
  p_dues tollhouse_private.due[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_places tid[];
  v_reserved bigint[];
  v_spent bigint[];
  v_line record;
begin
  -- A probe of the key for each, whatever the planner thinks of the table.
  select array_agg(locked.place), array_agg(due.reserved), array_agg(due.spent)
  into v_places, v_reserved, v_spent
  from (
    select d.tenant_id, d.user_id, d.month, sum(d.reserved_micro_usd)::bigint as reserved, sum(d.cost_micro_usd)::bigint as spent
    from unnest(p_dues) as d
    group by d.tenant_id, d.user_id, d.month
    order by d.tenant_id, d.user_id, d.month
    offset 0
  ) as due
  cross join lateral (
    select mb.ctid as place
    from tollhouse_private.monthly_budgets as mb
    where mb.tenant_id = due.tenant_id and mb.user_id = due.user_id and mb.month = due.month
    for update
  ) as locked;

  for v_line in
    with booked as (
      update tollhouse_private.monthly_budgets as mb
      set
        reserved_micro_usd = mb.reserved_micro_usd - due.reserved,
        spent_micro_usd = mb.spent_micro_usd + due.spent
      from unnest(v_places, v_reserved, v_spent) as due (place, reserved, spent)
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
comment on function tollhouse_private.settle_budget(tollhouse_private.due[], timestamptz) is
  'Releases the reservations of ended attempts, books their cost in the month that reserved it, and calls up calls waiting for that room.';

revoke execute on function tollhouse_private.settle_budget(tollhouse_private.due[], timestamptz) from public;

commit;
