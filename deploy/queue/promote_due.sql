-- Deploy tollhouse:queue/promote_due to pg
-- requires: queue/jobs

begin;
set local role tollhouse_engine;

create function tollhouse_private.promote_due(
  p_now timestamptz
)
  returns void
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  update tollhouse_private.jobs as j
  set state = 'queued'
  from (
    select due.tenant_id, due.call_id
    from tollhouse_private.jobs as due
    where due.state = 'scheduled'
      and due.run_at <= p_now
    order by due.run_at
    limit 1000
    for update skip locked
  ) as due
  where j.tenant_id = due.tenant_id
    and j.call_id = due.call_id
$$;
comment on function tollhouse_private.promote_due(timestamptz) is 'Queues the scheduled jobs whose time has come, a thousand at a time.';

revoke execute on function tollhouse_private.promote_due(timestamptz) from public;

commit;
