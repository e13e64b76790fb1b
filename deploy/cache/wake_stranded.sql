-- Deploy tollhouse:cache/wake_stranded to pg
-- requires: queue/tell
-- requires: queue/jobs
-- requires: cache/cache_flights

begin;
set local role tollhouse_engine;

create function tollhouse_private.wake_stranded()
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- A client that cancels a leader leaves the flight to us: see cache_flights.
  delete from tollhouse_private.cache_flights as cf
  using (
    select f.tenant_id, f.scope, f.endpoint, f.cache_key, f.watermark
    from tollhouse_private.cache_flights as f
    where not exists (
      select from tollhouse_private.jobs as j where j.tenant_id = f.tenant_id and j.call_id = f.call_id
    )
    for update of f skip locked
  ) as f
  where cf.tenant_id = f.tenant_id and cf.scope = f.scope and cf.endpoint = f.endpoint
    and cf.cache_key = f.cache_key and cf.watermark = f.watermark;

  -- Materialized: run anew for each row of a join, a limit with skip locked would let more through.
  with follower as materialized (
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
  )
  update tollhouse_private.jobs as j
  set state = 'queued'
  from follower
  where j.tenant_id = follower.tenant_id
    and j.call_id = follower.call_id;
  if found then
    perform tollhouse_private.tell('tollhouse_wake', array['']);
  end if;
end
$$;
comment on function tollhouse_private.wake_stranded() is
  'Ends the flights whose leader is gone, and puts calls that wait for a flight which is over back into the queue.';

revoke execute on function tollhouse_private.wake_stranded() from public;

commit;
