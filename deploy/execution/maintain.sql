-- Deploy tollhouse:execution/maintain to pg
-- requires: ledger/deliveries
-- requires: ledger/ensure_partitions
-- requires: ledger/drop_old_partitions
-- requires: queue/jobs
-- requires: idempotency/request_keys
-- requires: shutoff/hourly_spend
-- requires: cache/response_cache
-- requires: breaker/breakers

begin;
set local role tollhouse_engine;

create function tollhouse_worker.maintain()
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := now();
  v_settings tollhouse_private.settings;
  v_months_in_use timestamptz[] := array(
    select distinct date_trunc('month', j.created_at, 'UTC') from tollhouse_private.jobs as j
  );
begin
  select s.* into v_settings from tollhouse_private.settings as s for update skip locked;
  if not found then
    return;
  end if;
  -- An old call that is not finished yet still needs its month: without it, its outcome could not be written.
  perform tollhouse_private.ensure_partitions(m.month, m.month) from unnest(v_months_in_use) as m (month);
  perform tollhouse_private.ensure_partitions(v_now, v_now + make_interval(months => v_settings.months_ahead));

  delete from tollhouse_private.deliveries as d where d.expires_at <= v_now;
  -- A margin, so that what a guard has just seen fresh is still there when its transaction reads it.
  -- What is locked is passed over, here and below: record locks several rows, in an order of its own.
  delete from tollhouse_private.response_cache as rc
  using (
    select old.tenant_id, old.scope, old.endpoint, old.cache_key, old.watermark
    from tollhouse_private.response_cache as old
    where old.expires_at <= v_now - interval '10 minutes'
    for update skip locked
  ) as old
  where (rc.tenant_id, rc.scope, rc.endpoint, rc.cache_key, rc.watermark)
    = (old.tenant_id, old.scope, old.endpoint, old.cache_key, old.watermark);
  delete from tollhouse_private.breakers as b
  using (
    select healthy.tenant_id, healthy.user_id, healthy.provider
    from tollhouse_private.breakers as healthy
    where healthy.state = 'closed'
      and healthy.consecutive_failures = 0
    for update skip locked
  ) as healthy
  where (b.tenant_id, b.user_id, b.provider) = (healthy.tenant_id, healthy.user_id, healthy.provider);
  delete from tollhouse_private.hourly_spend as hs where hs.hour < v_now - v_settings.ledger_retention;
  delete from tollhouse_private.request_keys as rk
  where rk.created_at < date_trunc('month', v_now - v_settings.ledger_retention, 'UTC')
    and not exists (
      select from tollhouse_private.jobs as j where j.tenant_id = rk.tenant_id and j.call_id = rk.call_id
    );
  -- Last: what it drops is locked, with all that reads or writes the table, until the end of the transaction.
  perform tollhouse_private.drop_old_partitions(v_now, v_months_in_use);
end
$$;
comment on function tollhouse_worker.maintain() is
  'Hourly upkeep: partitions ahead, what is past its retention, expired answers. Does nothing while another worker is at it.';

revoke execute on function tollhouse_worker.maintain() from public;
grant execute on function tollhouse_worker.maintain() to tollhouse_worker;

commit;
