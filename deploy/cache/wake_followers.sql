-- Deploy tollhouse:cache/wake_followers to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.wake_followers()
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_ended tollhouse_private.ended_flights[];
  v_woken bigint;
begin
  select array_agg(locked.e) into v_ended
  from (select e from tollhouse_private.ended_flights as e limit 1000 for update skip locked) as locked;
  if v_ended is null then
    return;
  end if;

  -- A client that cancels a leader leaves the flight to us: see cache_flights.
  -- Rows by their place, here and below: a plan made for empty tables has no other way to them, so no slow one.
  delete from tollhouse_private.cache_flights as cf
  where cf.ctid = any (array(
    select f.ctid
    from unnest(v_ended) as e
    join tollhouse_private.cache_flights as f using (tenant_id, scope, endpoint, cache_key, watermark, call_id)
    for update of f skip locked
  ));

  -- Under a flight of another leader they wait for that.
  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (array(
    select f.ctid
    from unnest(v_ended) as e
    join tollhouse_private.jobs as f
      on f.state = 'coalesced' and f.tenant_id = e.tenant_id and f.cache_key = e.cache_key
      and f.cache_scope = e.scope and f.endpoint = e.endpoint and f.watermark = e.watermark
    where (
      select true from tollhouse_private.cache_flights as cf
      where cf.tenant_id = e.tenant_id and cf.scope = e.scope and cf.endpoint = e.endpoint
        and cf.cache_key = e.cache_key and cf.watermark = e.watermark
    ) is not true
    limit 10000
    for update of f skip locked
  ));
  get diagnostics v_woken = row_count;

  -- One that was passed over stays for the next time.
  delete from tollhouse_private.ended_flights as ef
  using unnest(v_ended) as e
  left join tollhouse_private.cache_flights as cf using (tenant_id, scope, endpoint, cache_key, watermark)
  where ef.tenant_id = e.tenant_id
    and ef.call_id = e.call_id
    and cf.call_id is distinct from e.call_id
    and (cf.call_id is not null or (
      select true from tollhouse_private.jobs as f
      where f.state = 'coalesced' and f.tenant_id = e.tenant_id and f.cache_key = e.cache_key
        and f.cache_scope = e.scope and f.endpoint = e.endpoint and f.watermark = e.watermark
      limit 1
    ) is not true);
  if v_woken > 0 then
    perform tollhouse_private.tell('tollhouse_wake', array['']);
  end if;
end
$$;
comment on function tollhouse_private.wake_followers() is
  'Ends the flights whose leader was cancelled and queues the calls that still wait for an ended one, ten thousand at a time.';

revoke execute on function tollhouse_private.wake_followers() from public;

commit;
