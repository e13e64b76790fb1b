-- Deploy tollhouse:budget/call_up to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.budget_users_in_line(
  p_tenant_id text,
  p_after text,
  p_limit integer
)
  returns text[]
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with recursive onward (user_id) as (
    select (
      select j.user_id from tollhouse_private.jobs as j
      where j.waits_for = 'budget' and j.state in ('scheduled', 'queued') and j.tenant_id = p_tenant_id and j.user_id > p_after
      order by j.user_id limit 1
    )
    union all
    select (
      select j.user_id from tollhouse_private.jobs as j
      where j.waits_for = 'budget' and j.state in ('scheduled', 'queued') and j.tenant_id = p_tenant_id and j.user_id > o.user_id
      order by j.user_id limit 1
    )
    from onward as o
    where o.user_id is not null
  )
  select coalesce(array_agg(u.user_id), '{}')
  from (select o.user_id from onward as o where o.user_id is not null limit p_limit) as u
$$;
comment on function tollhouse_private.budget_users_in_line(text, text, integer) is
  'Users of a tenant whose calls wait for a budget, in order, beginning after the given one: a skip scan.';

-- Follows what frees a budget, in the same transaction and under the lock of the tenant's row: a claim that deferred a call
-- meanwhile has committed before, and is seen. Calls that are called up already count, so that none is called up in vain.
create function tollhouse_private.call_up_budget(
  p_tenant_id text,
  p_users text[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  c_most constant integer := 100;
  v_month date := tollhouse_private.budget_month(p_now);
  v_tenant tollhouse_private.monthly_budgets;
  v_users text[] := p_users;
  v_taken bigint[];
  v_all_taken bigint := 0;
  v_call record;
  v_held boolean := false;
  v_passing boolean := false;
  v_last_user_id text;
  v_places tid[] := array[]::tid[];
  v_line_at timestamptz;
begin
  select mb.* into v_tenant
  from tollhouse_private.monthly_budgets as mb
  where mb.tenant_id = p_tenant_id and mb.user_id = '' and mb.month = v_month
  for update skip locked;
  if not found then
    return;
  end if;

  -- A line for the tenant's own cap goes by turns over all its users, after the one who was called up last.
  if v_tenant.line_at is not null then
    v_users := tollhouse_private.budget_users_in_line(p_tenant_id, coalesce(v_tenant.line_user_id, ''), c_most);
    if cardinality(v_users) < c_most then
      select v_users || coalesce(array_agg(u.user_id order by u.place), '{}') into v_users
      from unnest(tollhouse_private.budget_users_in_line(p_tenant_id, '', c_most - cardinality(v_users))) with ordinality as u (user_id, place)
      where u.user_id collate "C" <= v_tenant.line_user_id;
    end if;
  end if;

  v_taken := array_fill(0::bigint, array[greatest(1, cardinality(v_users))]);
  for v_call in
    select
      u.user_id, u.turn, j.place, j.state, j.need, own.month is not null as known,
      (own.spent_micro_usd + j.need > own.cap_micro_usd or v_tenant.spent_micro_usd + j.need > v_tenant.cap_micro_usd) is true as never,
      own.cap_micro_usd - own.spent_micro_usd - own.reserved_micro_usd as room
    from unnest(v_users) with ordinality as u (user_id, turn)
    cross join lateral (
      select k.place, k.state, k.need, row_number() over (order by k.call_id) as round
      from (
        select w.ctid as place, w.call_id, w.state, coalesce(w.need_micro_usd, 0) as need
        from tollhouse_private.jobs as w
        where w.waits_for = 'budget' and w.state in ('scheduled', 'queued')
          and w.tenant_id = p_tenant_id
          and w.user_id = u.user_id
        order by w.call_id
        limit greatest(1, c_most / nullif(cardinality(v_users), 0))
      ) as k
    ) as j
    left join lateral (
      select mb.* from tollhouse_private.monthly_budgets as mb
      where mb.tenant_id = p_tenant_id and mb.user_id = u.user_id and mb.month = v_month
      offset 0
    ) as own on true
    order by j.round, u.turn
  loop
    if v_call.known and not v_call.never and v_taken[v_call.turn] >= 0 then
      -- Strictly in line: where the first does not fit, nothing smaller passes it.
      if v_taken[v_call.turn] + v_call.need > v_call.room then
        v_taken[v_call.turn] := -1;
      elsif v_all_taken + v_call.need > v_tenant.cap_micro_usd - v_tenant.spent_micro_usd - v_tenant.reserved_micro_usd then
        v_held := true;
        exit;
      else
        v_taken[v_call.turn] := v_taken[v_call.turn] + v_call.need;
        v_all_taken := v_all_taken + v_call.need;
        v_passing := true;
      end if;
    end if;
    v_last_user_id := v_call.user_id;
    if v_call.state = 'scheduled' and v_call.known and (v_call.never or v_taken[v_call.turn] >= 0) then
      v_places := v_places || v_call.place;
    end if;
  end loop;

  if cardinality(v_places) > 0 then
    -- Place by place: by any index that a plan may choose it would read the whole line.
    update tollhouse_private.jobs as j
    set state = 'queued', run_at = p_now
    where j.ctid = any (array(
      select w.ctid
      from unnest(v_places) as v (place)
      cross join lateral (
        select k.ctid
        from tollhouse_private.jobs as k
        where k.ctid = v.place
          and k.tenant_id = p_tenant_id and k.waits_for = 'budget' and k.state = 'scheduled'
        for update skip locked
      ) as w
    ));
    perform tollhouse_private.wake_idle_worker();
  end if;

  v_line_at := case
    when v_held or (v_tenant.line_at is not null and (v_passing or cardinality(v_users) >= c_most))
    then case when v_tenant.line_at > p_now - interval '5 seconds' then v_tenant.line_at else p_now end
  end;
  if v_line_at is distinct from v_tenant.line_at or (v_last_user_id is not null and v_last_user_id is distinct from v_tenant.line_user_id) then
    update tollhouse_private.monthly_budgets as mb
    set line_at = v_line_at, line_user_id = coalesce(v_last_user_id, mb.line_user_id)
    where mb.tenant_id = p_tenant_id and mb.user_id = '' and mb.month = v_month;
  end if;
end
$$;
comment on function tollhouse_private.call_up_budget(text, text[], timestamptz) is
  'Queues those of a tenant''s calls in line for a budget that fit by now, or never will: a hundred at most, by turns over its users where the tenant''s cap holds them back, else of the users given.';

create function tollhouse_private.look_after_budget_lines(
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_month date := tollhouse_private.budget_month(p_now);
  v_line tollhouse_private.monthly_budgets;
begin
  for v_line in
    select mb.*
    from tollhouse_private.monthly_budgets as mb
    where mb.line_at <= p_now - interval '5 seconds'
    order by mb.line_at
    limit 20
    for update skip locked
  loop
    if v_line.month = v_month then
      perform tollhouse_private.call_up_budget(v_line.tenant_id, case when v_line.user_id <> '' then array[v_line.user_id] else '{}' end, p_now);
    end if;
    if v_line.month <> v_month or v_line.user_id <> '' then
      update tollhouse_private.monthly_budgets as mb
      set line_at = case when v_line.month = v_month and tollhouse_private.stands_in_line(v_line.tenant_id, v_line.user_id, '{}') then p_now end
      where mb.tenant_id = v_line.tenant_id and mb.user_id = v_line.user_id and mb.month = v_line.month;
    end if;
  end loop;
end
$$;
comment on function tollhouse_private.look_after_budget_lines(timestamptz) is
  'Looks after the lines that nobody has looked at for five seconds, twenty at a time: no wake-up can be lost for longer, and a line that is empty is none.';

revoke execute on function tollhouse_private.budget_users_in_line(text, text, integer) from public;
revoke execute on function tollhouse_private.call_up_budget(text, text[], timestamptz) from public;
revoke execute on function tollhouse_private.look_after_budget_lines(timestamptz) from public;

commit;
