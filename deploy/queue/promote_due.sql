-- Deploy tollhouse:queue/promote_due to pg
-- requires: queue/jobs

begin;
set local role tollhouse_engine;

create function tollhouse_private.promote_due(
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_promoted bigint;
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
    limit 1000
    for update skip locked
  ));
  get diagnostics v_promoted = row_count;
  if v_promoted < 1000 then
    return;
  end if;

  -- They may all be one tenant's: so that nobody waits behind its backlog, some of each tenant's besides.
  with recursive onward (tenant_id) as (
    select min(j.tenant_id) from tollhouse_private.jobs as j where j.state = 'scheduled'
    union all
    select (
      select min(j.tenant_id) from tollhouse_private.jobs as j where j.state = 'scheduled' and j.tenant_id > o.tenant_id
    )
    from onward as o
    where o.tenant_id is not null
  ),
  due as materialized (
    select ten.place
    from onward as o
    cross join lateral (
      select due.ctid as place
      from tollhouse_private.jobs as due
      where due.state = 'scheduled'
        and due.tenant_id = o.tenant_id
        and due.run_at <= p_now
      order by due.run_at
      limit 10
      for update skip locked
    ) as ten
  )
  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (array(select due.place from due));
end
$$;
comment on function tollhouse_private.promote_due(timestamptz) is 'Queues the scheduled jobs whose time has come, a thousand at a time, and ten of each tenant where there are more.';

revoke execute on function tollhouse_private.promote_due(timestamptz) from public;

commit;
