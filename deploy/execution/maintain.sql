-- Deploy tollhouse:execution/maintain to pg

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
  v_months_in_use timestamptz[] := array[]::timestamptz[];
begin
  select s.* into v_settings from tollhouse_private.settings as s for update skip locked;
  if not found then
    return;
  end if;
  -- An old call that is not finished yet still needs its month: without it, its outcome could not be written. The whole queue
  -- is read for it only where a month may have to go, or to be made: each call has its key, so none is older than that.
  if exists (
    select
    from pg_catalog.pg_inherits as i
    join pg_catalog.pg_class as c on c.oid = i.inhrelid and c.relkind = 'r'
    where i.inhparent in (
        'tollhouse_private.llm_api_calls'::regclass, 'tollhouse_private.provider_attempts'::regclass, 'tollhouse_private.call_content'::regclass
      )
      and right(c.relname, 7) collate "C" < to_char(
        (v_now - case i.inhparent when 'tollhouse_private.call_content'::regclass then v_settings.content_retention else v_settings.ledger_retention end)
          at time zone 'UTC', 'YYYY_MM')
  ) or exists (
    select
    from generate_series(
      date_trunc('month', (select rk.created_at from tollhouse_private.request_keys as rk order by rk.created_at limit 1), 'UTC'),
      (select rk.created_at from tollhouse_private.request_keys as rk order by rk.created_at desc limit 1),
      interval '1 month'
    ) as m (month)
    where not tollhouse_private.has_month(m.month)
  ) then
    v_months_in_use := array(select distinct date_trunc('month', j.created_at, 'UTC') from tollhouse_private.jobs as j);
  end if;
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
