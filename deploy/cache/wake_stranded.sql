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
  -- One probe of a key for each row, and rows by their place: quick, whatever the planner thinks of the tables.
  delete from tollhouse_private.cache_flights as cf
  where cf.ctid = any (array(
    select f.ctid
    from tollhouse_private.cache_flights as f
    where (
      select true from tollhouse_private.jobs as j where j.tenant_id = f.tenant_id and j.call_id = f.call_id
    ) is not true
    for update of f skip locked
  ));

  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (array(
    select f.ctid
    from tollhouse_private.jobs as f
    where f.state = 'coalesced'
      and (
        select true
        from tollhouse_private.cache_flights as cf
        where cf.tenant_id = f.tenant_id and cf.scope = f.cache_scope and cf.endpoint = f.endpoint
          and cf.cache_key = f.cache_key and cf.watermark = f.watermark
      ) is not true
    limit 10000
    for update of f skip locked
  ));
  if found then
    perform tollhouse_private.tell('tollhouse_wake', array['']);
  end if;
end
$$;
comment on function tollhouse_private.wake_stranded() is
  'Ends the flights whose leader is gone, and puts calls that wait for a flight which is over back into the queue.';

revoke execute on function tollhouse_private.wake_stranded() from public;

commit;
