-- Deploy tollhouse:queue/promote_due to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.users_scheduled(
  p_tenant_id text,
  p_after text,
  p_limit integer
)
  returns text[]
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with recursive onward (user_id, again) as (
    select (
      select j.user_id from tollhouse_private.jobs as j
      where j.state = 'scheduled' and j.tenant_id = p_tenant_id and j.user_id > p_after
      order by j.user_id limit 1
    ), false
    union all
    select case when next.user_id <= p_after or not round.again then next.user_id end, round.again
    from onward as o
    cross join lateral (select o.again or o.user_id is null as again) as round
    cross join lateral (
      select (
        select j.user_id from tollhouse_private.jobs as j
        where j.state = 'scheduled' and j.tenant_id = p_tenant_id and j.user_id > coalesce(o.user_id, '')
        order by j.user_id limit 1
      ) as user_id
    ) as next
    where o.user_id is not null or not o.again
  )
  select coalesce(array_agg(u.user_id), '{}')
  from (select o.user_id from onward as o where o.user_id is not null limit p_limit) as u
$$;
comment on function tollhouse_private.users_scheduled(text, text, integer) is
  'Users of a tenant with scheduled jobs, as users_in_line.';

create function tollhouse_private.promote_due(
  p_now timestamptz,
  p_last_tenant_id text
)
  returns text
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  c_oldest constant integer := 1000;
  c_tenants constant integer := 100;
  c_users constant integer := 10;
  v_promoted bigint;
  v_tenants text[];
  v_next text;
  v_users text[];
  v_last boolean[];
begin
  -- By place, here and below: a plan made for an empty queue would read a full one to find them.
  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (array(
    select due.ctid
    from tollhouse_private.jobs as due
    where due.state = 'scheduled'
      and due.run_at <= p_now
    order by due.run_at
    limit c_oldest
    for update skip locked
  ));
  get diagnostics v_promoted = row_count;
  if v_promoted < c_oldest then
    return p_last_tenant_id;
  end if;

  -- They may all be one tenant's, or one user's: so that nobody waits behind a backlog, some of others by turns besides.
  with recursive onward (tenant_id) as (
    select (
      select j.tenant_id from tollhouse_private.jobs as j where j.state = 'scheduled' and j.tenant_id > p_last_tenant_id
      order by j.tenant_id limit 1
    )
    union all
    select (
      select j.tenant_id from tollhouse_private.jobs as j where j.state = 'scheduled' and j.tenant_id > o.tenant_id
      order by j.tenant_id limit 1
    )
    from onward as o
    where o.tenant_id is not null
  )
  select coalesce(array_agg(t.tenant_id), '{}') into v_tenants
  from (select o.tenant_id from onward as o where o.tenant_id is not null limit c_tenants) as t;
  v_next := case when cardinality(v_tenants) = c_tenants then v_tenants[c_tenants] else '' end;

  select array_agg(t.tenant_id), array_agg(u.user_id), array_agg(u.turn = cardinality(w.users)) into v_tenants, v_users, v_last
  from unnest(v_tenants) as t (tenant_id)
  left join tollhouse_private.turns as tu on tu.tenant_id = t.tenant_id and tu.line = 'due'
  cross join lateral tollhouse_private.users_scheduled(t.tenant_id, coalesce(tu.last_user_id, ''), c_users) as w (users)
  cross join lateral unnest(w.users) with ordinality as u (user_id, turn);
  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (array(
    select due.place
    from unnest(v_tenants, v_users) as u (tenant_id, user_id)
    cross join lateral (
      select d.ctid as place
      from tollhouse_private.jobs as d
      where d.state = 'scheduled'
        and d.tenant_id = u.tenant_id
        and d.user_id = u.user_id
        and d.run_at <= p_now
      order by d.run_at
      limit 1
      for update skip locked
    ) as due
  ));
  perform tollhouse_private.note_turns('due', array_agg(u.tenant_id), array_agg(u.user_id))
  from unnest(v_tenants, v_users, v_last) as u (tenant_id, user_id, last)
  where u.last;
  return v_next;
end
$$;
comment on function tollhouse_private.promote_due(timestamptz, text) is
  'Queues the scheduled jobs whose time has come: the thousand that are due longest, and where there are more, by turns, one of each of ten users of each of a hundred tenants, beginning after the given tenant. Returns after which tenant the next one begins.';

revoke execute on function tollhouse_private.users_scheduled(text, text, integer) from public;
revoke execute on function tollhouse_private.promote_due(timestamptz, text) from public;

commit;
