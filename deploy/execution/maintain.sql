-- Deploy tollhouse:execution/maintain to pg
-- requires: ledger/ensure_partitions
-- requires: ledger/drop_old_partitions
-- requires: queue/jobs

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

  -- Last: what it drops is locked, with all that reads or writes the table, until the end of the transaction.
  perform tollhouse_private.drop_old_partitions(v_now, v_months_in_use);
end
$$;
comment on function tollhouse_worker.maintain() is
  'Hourly upkeep: the months ahead are made, those past their retention dropped. Does nothing while another worker is at it. Then comes prune.';

revoke execute on function tollhouse_worker.maintain() from public;
grant execute on function tollhouse_worker.maintain() to tollhouse_worker;

commit;
