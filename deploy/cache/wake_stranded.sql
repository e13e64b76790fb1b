-- Deploy tollhouse:cache/wake_stranded to pg
-- requires: queue/jobs
-- requires: cache/cache_flights

begin;
set local role tollhouse_engine;

create function tollhouse_private.wake_stranded()
  returns void
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  update tollhouse_private.jobs as j
  set state = 'queued'
  from (
    select f.tenant_id, f.call_id
    from tollhouse_private.jobs as f
    where f.state = 'coalesced'
      and not exists (
        select
        from tollhouse_private.cache_flights as cf
        where cf.tenant_id = f.tenant_id and cf.scope = f.cache_scope and cf.endpoint = f.endpoint
          and cf.cache_key = f.cache_key and cf.watermark = f.watermark
      )
    limit 1000
    for update of f skip locked
  ) as follower
  where j.tenant_id = follower.tenant_id
    and j.call_id = follower.call_id
$$;
comment on function tollhouse_private.wake_stranded() is
  'Puts calls that wait for a flight which is over back into the queue.';

revoke execute on function tollhouse_private.wake_stranded() from public;

commit;
