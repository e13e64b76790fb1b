-- Deploy tollhouse:cache/wake_stranded to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.wake_stranded()
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  c_rows constant integer := 500;
  v_stretch tid[] := tollhouse_private.stretch('tollhouse_private.cache_flights');
  v_key bytea := sha256(uuid_send(gen_random_uuid()));
begin
  -- One probe of a key for each row, and rows by their place: quick, whatever the planner thinks of the tables.
  delete from tollhouse_private.cache_flights as cf
  where cf.ctid = any (array(
    select f.ctid
    from tollhouse_private.cache_flights as f
    cross join lateral (
      select (
        select j.state from tollhouse_private.jobs as j where j.tenant_id = f.tenant_id and j.call_id = f.call_id
      ) as state
      offset 0
    ) as leader
    where f.ctid >= v_stretch[1]
      and f.ctid < v_stretch[2]
      and (
        leader.state is null
        -- Held by a client that cancels it in an open transaction: those that wait for it go on without it.
        or (
          leader.state <> 'running'
          and (
            select true from tollhouse_private.jobs as w
            where w.state = 'coalesced' and w.tenant_id = f.tenant_id and w.cache_key = f.cache_key
              and w.cache_scope = f.scope and w.endpoint = f.endpoint and w.watermark = f.watermark
            limit 1
          )
          and (
            select true from tollhouse_private.jobs as j
            where j.tenant_id = f.tenant_id and j.call_id = f.call_id
            for key share skip locked
          ) is not true
        )
      )
    for update of f skip locked
  ));

  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (array(
    select locked.ctid
    from (
      (
        select k.ctid as place, k.tenant_id, k.cache_scope, k.endpoint, k.cache_key, k.watermark
        from tollhouse_private.jobs as k
        where k.state = 'coalesced' and k.cache_key >= v_key
        order by k.cache_key limit c_rows
      )
      union all
      (
        select k.ctid, k.tenant_id, k.cache_scope, k.endpoint, k.cache_key, k.watermark
        from tollhouse_private.jobs as k
        where k.state = 'coalesced' and k.cache_key < v_key
        order by k.cache_key limit c_rows
      )
    ) as f
    cross join lateral (
      select k.ctid from tollhouse_private.jobs as k where k.ctid = f.place and k.state = 'coalesced' for update skip locked
    ) as locked
    where (
      select true
      from tollhouse_private.cache_flights as cf
      where cf.tenant_id = f.tenant_id and cf.scope = f.cache_scope and cf.endpoint = f.endpoint
        and cf.cache_key = f.cache_key and cf.watermark = f.watermark
    ) is not true
  ));
  if found then
    perform tollhouse_private.tell('tollhouse_wake', array['']);
  end if;
end
$$;
comment on function tollhouse_private.wake_stranded() is
  'Ends the flights whose leader is gone, or is neither running nor free to be claimed while others wait for it, and puts calls that wait for a flight which is over back into the queue: of those that it looks at, a bounded part, any, each time.';

revoke execute on function tollhouse_private.wake_stranded() from public;

commit;
