-- Deploy tollhouse:queue/tenants_in_line to pg
-- requires: queue/jobs

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
  with recursive onward (tenant_id) as (
    select (
      select min(j.tenant_id) from tollhouse_private.jobs as j where j.state = 'queued' and j.tenant_id > p_after
    )
    union all
    select (
      select min(j.tenant_id) from tollhouse_private.jobs as j where j.state = 'queued' and j.tenant_id > o.tenant_id
    )
    from onward as o
    where o.tenant_id is not null
  )
  select coalesce(array_agg(t.tenant_id), '{}')
  from (select o.tenant_id from onward as o where o.tenant_id is not null limit p_limit) as t
$$;
comment on function tollhouse_private.tenants_in_line(text, integer) is
  'Tenants with queued jobs, in order, beginning after the given one: a skip scan, one index probe per tenant.';

revoke execute on function tollhouse_private.tenants_in_line(text, integer) from public;

commit;
