-- Deploy tollhouse:queue/tenants_in_line to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.tenants_in_line(
  p_after text,
  p_limit integer
)
  returns text[]
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with recursive onward (tenant_id, again) as (
    select (
      select j.tenant_id from tollhouse_private.jobs as j where j.state = 'queued' and j.tenant_id > p_after
      order by j.tenant_id limit 1
    ), false
    union all
    -- As for users, below.
    select case when round.again then (
      select j.tenant_id from tollhouse_private.jobs as j
      where j.state = 'queued' and j.tenant_id > coalesce(o.tenant_id, '') and j.tenant_id <= p_after
      order by j.tenant_id limit 1
    ) else (
      select j.tenant_id from tollhouse_private.jobs as j where j.state = 'queued' and j.tenant_id > o.tenant_id
      order by j.tenant_id limit 1
    ) end, round.again
    from onward as o
    cross join lateral (select o.again or o.tenant_id is null as again) as round
    where o.tenant_id is not null or not o.again
  )
  select coalesce(array_agg(t.tenant_id), '{}')
  from (select o.tenant_id from onward as o where o.tenant_id is not null limit p_limit) as t
$$;
comment on function tollhouse_private.tenants_in_line(text, integer) is
  'Tenants with queued jobs, in order, beginning after the given one and going round: a skip scan, one index probe per tenant.';

-- Inlined: a claim asks it for each of its tenants.
create function tollhouse_private.users_in_line(
  p_tenant_id text,
  p_after text,
  p_limit integer
)
  returns table (user_id text, call_id uuid)
  language sql
  stable
as $$
  with recursive onward (user_id, call_id, again) as (
    select f.user_id, f.call_id, false
    from (values (true)) as one
    left join lateral (
      select j.user_id, j.call_id from tollhouse_private.jobs as j
      where j.state = 'queued' and j.tenant_id = p_tenant_id and j.user_id > p_after
      order by j.user_id, j.call_id limit 1
    ) as f on true
    union all
    -- Past the last one it begins again, and ends with the one it began after: bounded on both sides, so that entries of
    -- dead rows, which an old snapshot keeps, are stepped over once.
    select f.user_id, f.call_id, round.again
    from onward as o
    cross join lateral (select o.again or o.user_id is null as again) as round
    left join lateral (
      (
        select j.user_id, j.call_id from tollhouse_private.jobs as j
        where round.again and j.state = 'queued' and j.tenant_id = p_tenant_id
          and j.user_id > coalesce(o.user_id, '') and j.user_id <= p_after
        order by j.user_id, j.call_id limit 1
      )
      union all
      (
        select j.user_id, j.call_id from tollhouse_private.jobs as j
        where not round.again and j.state = 'queued' and j.tenant_id = p_tenant_id and j.user_id > o.user_id
        order by j.user_id, j.call_id limit 1
      )
    ) as f on true
    where o.user_id is not null or not o.again
  )
  select o.user_id, o.call_id from onward as o where o.user_id is not null limit p_limit
$$;
comment on function tollhouse_private.users_in_line(text, text, integer) is
  'Users of a tenant with queued jobs and the oldest job of each, in order, beginning after the given one and going round: a skip scan, one index probe per user.';

revoke execute on function tollhouse_private.tenants_in_line(text, integer) from public;
revoke execute on function tollhouse_private.users_in_line(text, text, integer) from public;

commit;
