-- Deploy tollhouse:queue/pick to pg
-- requires: queue/jobs
-- requires: queue/tenants_in_line

begin;
set local role tollhouse_engine;

create function tollhouse_private.pick(
  p_last_tenant_id text,
  p_limit integer
)
  returns tollhouse_private.jobs[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenants text[] := tollhouse_private.tenants_in_line(p_last_tenant_id, p_limit);
  v_share integer;
  v_picked tollhouse_private.jobs[];
  v_more tollhouse_private.jobs[];
begin
  if cardinality(v_tenants) < p_limit then
    select v_tenants || coalesce(array_agg(t.tenant_id), '{}') into v_tenants
    from unnest(tollhouse_private.tenants_in_line('', p_limit - cardinality(v_tenants))) as t (tenant_id)
    where t.tenant_id <= p_last_tenant_id;
  end if;
  if cardinality(v_tenants) = 0 then
    return array[]::tollhouse_private.jobs[];
  end if;

  v_share := ceil(p_limit::numeric / cardinality(v_tenants))::integer;
  select coalesce(array_agg(picked.job), '{}') into v_picked
  from (
    select j.job
    from unnest(v_tenants) with ordinality as t (tenant_id, turn)
    cross join lateral (
      select q as job
      from tollhouse_private.jobs as q
      where q.state = 'queued'
        and q.tenant_id = t.tenant_id
      order by q.call_id
      limit v_share
      for update skip locked
    ) as j
    order by t.turn
    limit p_limit
  ) as picked;

  -- What the short queues left goes to the long ones.
  if cardinality(v_picked) < p_limit and cardinality(v_tenants) > 1 then
    select coalesce(array_agg(picked.job), '{}') into v_more
    from (
      select j.job
      from (
        select p.tenant_id, max(p.call_id::text)::uuid as last_call_id
        from unnest(v_picked) as p
        group by p.tenant_id
        having count(*) = v_share
      ) as t
      cross join lateral (
        select q as job
        from tollhouse_private.jobs as q
        where q.state = 'queued'
          and q.tenant_id = t.tenant_id
          and q.call_id > t.last_call_id
        order by q.call_id
        limit p_limit - cardinality(v_picked)
        for update skip locked
      ) as j
      limit p_limit - cardinality(v_picked)
    ) as picked;
    v_picked := v_picked || v_more;
  end if;
  return v_picked;
end
$$;
comment on function tollhouse_private.pick(text, integer) is
  'Locks up to p_limit queued jobs, the oldest of each tenant in equal shares, beginning after the tenant served last.';

revoke execute on function tollhouse_private.pick(text, integer) from public;

commit;
