-- Deploy tollhouse:budget/guard to pg

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
  v_next_month timestamptz := (v_month + interval '1 month') at time zone 'UTC';
  v_places tid[];
  v_amounts bigint[];
  v_payers text[];
  v_tight text[];
  v_batch uuid[];
  v_call record;
  v_budget record;
  v_tenant_id text;
  v_tenant_waits boolean;
  v_waiting text[];
  v_user_held boolean;
  v_tenant_held boolean;
begin
  insert into tollhouse_private.monthly_budgets (tenant_id, user_id, month, cap_micro_usd)
  select
    payer.tenant_id, payer.user_id, v_month,
    (select bc.cap_micro_usd from tollhouse_private.budget_caps as bc where bc.tenant_id = payer.tenant_id and bc.user_id = payer.user_id)
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

  -- Payer by payer, each locked by its key: no statistics can make another plan of it. Without a line and with room for all
  -- of them, a tenant's calls are taken at once. What can't be read is no room.
  select
    array_agg(mb.place), array_agg(payer.amount), array_agg(payer.tenant_id),
    coalesce(array_agg(distinct payer.tenant_id) filter (
      where (mb.line_at is null and mb.place is not null and (mb.cap_micro_usd is null or mb.reserved_micro_usd + mb.spent_micro_usd + payer.amount <= mb.cap_micro_usd)) is not true
    ), '{}')
  into v_places, v_amounts, v_payers, v_tight
  from (
    select (r.job).tenant_id, u.user_id, sum(r.reservation)::bigint as amount
    from unnest(p_routes) as r
    cross join lateral (values (''), ((r.job).user_id)) as u (user_id)
    group by 1, 2
    order by 1, 2
    offset 0
  ) as payer
  left join lateral (
    select mb.ctid as place, mb.*
    from tollhouse_private.monthly_budgets as mb
    where mb.tenant_id = payer.tenant_id and mb.user_id = payer.user_id and mb.month = v_month
    for update
  ) as mb on true;

  update tollhouse_private.monthly_budgets as mb
  set reserved_micro_usd = mb.reserved_micro_usd + n.amount
  from unnest(v_places, v_amounts, v_payers) as n (place, amount, tenant_id)
  where mb.ctid = n.place
    and n.tenant_id <> all (v_tight);
  if cardinality(v_tight) = 0 then
    return;
  end if;

  -- Otherwise each is tried by itself: those that are called up from the line first, the others by turns over the users.
  v_batch := array(select (r.job).call_id from unnest(p_routes) as r);
  for v_call in
    select
      c.*, row_number() over (partition by c.tenant_id, c.user_id, c.called_up order by c.call_id) as turn
    from (
      select
        (r.job).tenant_id, (r.job).user_id, (r.job).call_id, r.reservation as need,
        (r.job).waits_for is not distinct from 'budget' as called_up
      from unnest(p_routes) as r
      where (r.job).tenant_id = any (v_tight)
    ) as c
    order by c.tenant_id, c.called_up desc, turn, c.call_id
  loop
    if v_call.tenant_id is distinct from v_tenant_id then
      v_tenant_id := v_call.tenant_id;
      v_tenant_waits := false;
      v_waiting := '{}';
    end if;
    select
      count(*) as payers,
      bool_or(mb.spent_micro_usd + v_call.need > mb.cap_micro_usd) as never,
      bool_or(mb.reserved_micro_usd + mb.spent_micro_usd + v_call.need > mb.cap_micro_usd) filter (where mb.user_id = '') as tenant_full,
      bool_or(mb.reserved_micro_usd + mb.spent_micro_usd + v_call.need > mb.cap_micro_usd) filter (where mb.user_id <> '') as user_full,
      bool_or(mb.line_at is not null) filter (where mb.user_id = '') as tenant_line,
      bool_or(mb.line_at is not null) filter (where mb.user_id <> '') as user_line
    into v_budget
    from (values (''), (v_call.user_id)) as payer (user_id)
    cross join lateral (
      select k.*
      from tollhouse_private.monthly_budgets as k
      where k.tenant_id = v_call.tenant_id and k.user_id = payer.user_id and k.month = v_month
      offset 0
    ) as mb;

    if v_budget.payers is distinct from 2 then
      return next row(v_call.call_id, 'deferred', 'budget', p_now + interval '5 seconds', v_call.need)::tollhouse_private.verdict;
      continue;
    elsif v_budget.never then
      return next row(v_call.call_id, 'blocked', 'monthly_cap_exceeded', null, v_call.need)::tollhouse_private.verdict;
      continue;
    end if;

    v_user_held := v_budget.user_full is true or v_call.user_id = any (v_waiting)
      or (v_budget.user_line and not v_call.called_up and tollhouse_private.stands_in_line(v_call.tenant_id, v_call.user_id, v_batch));
    v_tenant_held := not v_user_held and (
      v_budget.tenant_full is true or v_tenant_waits
      or (v_budget.tenant_line and not v_call.called_up and tollhouse_private.stands_in_line(v_call.tenant_id, null, v_batch)));
    if not v_user_held and not v_tenant_held then
      update tollhouse_private.monthly_budgets as mb
      set reserved_micro_usd = mb.reserved_micro_usd + v_call.need
      where mb.ctid = any (array(
        select (
          select k.ctid from tollhouse_private.monthly_budgets as k
          where k.tenant_id = v_call.tenant_id and k.user_id = payer.user_id and k.month = v_month
        )
        from (values (''), (v_call.user_id)) as payer (user_id)
      ));
      continue;
    end if;

    -- Whoever stands behind it waits too: what is smaller would otherwise keep what is larger waiting for ever.
    v_waiting := v_waiting || v_call.user_id;
    v_tenant_waits := v_tenant_waits or v_tenant_held;
    if v_budget.user_line is not true or (v_tenant_held and v_budget.tenant_line is not true) then
      update tollhouse_private.monthly_budgets as mb
      set line_at = p_now
      where mb.ctid = any (array(
          select (
            select k.ctid from tollhouse_private.monthly_budgets as k
            where k.tenant_id = v_call.tenant_id and k.user_id = payer.user_id and k.month = v_month
          )
          from (values (v_call.user_id), (case when v_tenant_held then '' end)) as payer (user_id)
        ))
        and mb.line_at is null;
    end if;
    return next row(v_call.call_id, 'deferred', 'budget', v_next_month, v_call.need)::tollhouse_private.verdict;
  end loop;
end
$$;
comment on function tollhouse_private.guard_budget(tollhouse_private.route[], timestamptz) is
  'Reserves each call''s highest possible cost from its user''s and its tenant''s month. Blocks it when that passes a cap together with what is spent; where only reservations of calls in flight are in the way, or others in line, it joins the line.';

revoke execute on function tollhouse_private.guard_budget(tollhouse_private.route[], timestamptz) from public;

commit;
