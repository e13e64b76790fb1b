-- Deploy tollhouse:queue/pick to pg
-- requires: queue/tenants_in_line
-- requires: queue/oldest_jobs

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
  -- Of requests, in a batch: what a claim's reply, and the server that makes it, can hold with ease.
  c_bytes constant bigint := 4 * 1024 * 1024;
  v_tenants text[] := tollhouse_private.tenants_in_line(p_last_tenant_id, p_limit);
  v_share integer;
  v_share_bytes bigint;
  v_picked tollhouse_private.jobs[];
  v_places integer;
  v_bytes bigint;
  v_last uuid[];
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
  v_share_bytes := c_bytes / cardinality(v_tenants);
  v_picked := tollhouse_private.oldest_jobs(
    v_tenants, array_fill('00000000-0000-0000-0000-000000000000'::uuid, array[cardinality(v_tenants)]), v_share, v_share_bytes, p_limit, c_bytes);

  -- What the short queues left goes to the long ones.
  v_places := p_limit - cardinality(v_picked);
  select c_bytes - sum(p.request_bytes) into v_bytes from unnest(v_picked) as p;
  if v_places > 0 and v_bytes > 0 and cardinality(v_tenants) > 1 then
    select array_agg(long.tenant_id), array_agg(long.last_call_id) into v_tenants, v_last
    from (
      select p.tenant_id, max(p.call_id::text)::uuid as last_call_id
      from unnest(v_picked) as p
      group by p.tenant_id
      having count(*) = v_share or sum(p.request_bytes) >= v_share_bytes
    ) as long;
    v_picked := v_picked || tollhouse_private.oldest_jobs(v_tenants, v_last, v_places, v_bytes, v_places, v_bytes);
  end if;
  return v_picked;
end
$$;
comment on function tollhouse_private.pick(text, integer) is
  'Locks up to p_limit queued jobs, the oldest of each tenant in equal shares of number and of bytes, beginning after the tenant served last. They come without their requests.';

revoke execute on function tollhouse_private.pick(text, integer) from public;

commit;
