-- Deploy tollhouse:execution/prune to pg

begin;
set local role tollhouse_engine;

create function tollhouse_worker.prune()
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  c_rows constant integer := 10000;
  c_answers constant integer := 1000;
  v_now timestamptz := now();
  v_settings tollhouse_private.settings;
  v_gone integer;
  v_more boolean;
begin
  select s.* into v_settings from tollhouse_private.settings as s for update skip locked;
  if not found then
    return false;
  end if;

  delete from tollhouse_private.deliveries as d
  where d.ctid = any (array(select old.ctid from tollhouse_private.deliveries as old where old.expires_at <= v_now limit c_answers));
  get diagnostics v_gone = row_count;
  v_more := v_gone = c_answers;
  -- A margin, so that what a guard has just seen fresh is still there when its transaction reads it.
  -- What is locked is passed over, here and below: record locks several rows, in an order of its own.
  delete from tollhouse_private.response_cache as rc
  where rc.ctid = any (array(
    select old.ctid from tollhouse_private.response_cache as old
    where old.expires_at <= v_now - interval '10 minutes'
    limit c_answers for update skip locked
  ));
  get diagnostics v_gone = row_count;
  v_more := v_more or v_gone = c_answers;
  delete from tollhouse_private.breakers as b
  where b.ctid = any (array(
    select healthy.ctid from tollhouse_private.breakers as healthy
    where healthy.state = 'closed' and healthy.consecutive_failures = 0
    limit c_rows for update skip locked
  ));
  get diagnostics v_gone = row_count;
  v_more := v_more or v_gone = c_rows;
  delete from tollhouse_private.hourly_spend as hs
  where hs.ctid = any (array(
    select old.ctid from tollhouse_private.hourly_spend as old
    where old.hour < v_now - v_settings.ledger_retention
    limit c_rows for update skip locked
  ));
  get diagnostics v_gone = row_count;
  v_more := v_more or v_gone = c_rows;
  delete from tollhouse_private.turns as tu
  where tu.ctid = any (array(
    select old.ctid from tollhouse_private.turns as old
    where (select true from tollhouse_private.jobs as j where j.tenant_id = old.tenant_id limit 1) is not true
    limit c_rows for update skip locked
  ));
  get diagnostics v_gone = row_count;
  v_more := v_more or v_gone = c_rows;
  delete from tollhouse_private.queue_counts as qc
  where qc.ctid = any (array(
    select old.ctid from tollhouse_private.queue_counts as old
    where (select true from tollhouse_private.jobs as j where j.tenant_id = old.tenant_id limit 1) is not true
    limit c_rows for update skip locked
  ));
  get diagnostics v_gone = row_count;
  v_more := v_more or v_gone = c_rows;
  delete from tollhouse_private.model_overruns as mo
  where mo.ctid = any (array(
    select old.ctid from tollhouse_private.model_overruns as old
    where old.day < (v_now at time zone 'UTC')::date - 31
    limit c_rows for update skip locked
  ));
  get diagnostics v_gone = row_count;
  v_more := v_more or v_gone = c_rows;
  delete from tollhouse_private.request_keys as rk
  where rk.ctid = any (array(
    select old.ctid from tollhouse_private.request_keys as old
    where old.created_at < date_trunc('month', v_now - v_settings.ledger_retention, 'UTC')
      and (select true from tollhouse_private.jobs as j where j.tenant_id = old.tenant_id and j.call_id = old.call_id) is not true
    limit c_rows
  ));
  get diagnostics v_gone = row_count;
  return v_more or v_gone = c_rows;
end
$$;
comment on function tollhouse_worker.prune() is
  'Removes some of what is past its time: answers, keys, hours, healthy breakers, overruns, turns of tenants that ask for nothing. Returns whether there may be more: then call it again, in a transaction of its own.';

revoke execute on function tollhouse_worker.prune() from public;
grant execute on function tollhouse_worker.prune() to tollhouse_worker;

commit;
