-- Deploy tollhouse:execution/upkeep to pg

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
  'Hourly housekeeping: creates the months ahead and drops those past their retention. Does nothing while another worker is running it. Call prune next.';

revoke execute on function tollhouse_worker.maintain() from public;
grant execute on function tollhouse_worker.maintain() to tollhouse_worker;

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
  v_due tid[];
  v_stretch tid[];
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
  -- What is locked is passed over, here and below: record locks several rows, in an order of its own.
  v_due := array(
    select due.ctid from tollhouse_private.response_cache as due
    where due.upkeep_at <= v_now
    order by due.upkeep_at
    limit c_answers for update skip locked
  );
  -- A margin, so that what a guard has just seen fresh is still there when its transaction reads it.
  delete from tollhouse_private.response_cache as rc
  where rc.ctid = any (v_due)
    and case
      when rc.expires_at is null then (
        select true from tollhouse_private.jobs as j where j.tenant_id = rc.tenant_id and j.call_id = rc.call_id
      ) is not true
      else rc.expires_at <= v_now - interval '10 minutes'
    end;
  update tollhouse_private.response_cache as rc
  set upkeep_at = coalesce(rc.expires_at + interval '10 minutes', v_now + interval '1 hour')
  where rc.ctid = any (v_due);
  v_more := v_more or cardinality(v_due) = c_answers;
  -- No index finds what is past its time in the next four: a part of each, and another while there is something in it.
  v_stretch := tollhouse_private.stretch('tollhouse_private.breakers');
  delete from tollhouse_private.breakers as b
  where b.ctid = any (array(
    select healthy.ctid from tollhouse_private.breakers as healthy
    where healthy.ctid >= v_stretch[1] and healthy.ctid < v_stretch[2]
      and healthy.state = 'closed' and healthy.consecutive_failures = 0
    for update skip locked
  ));
  v_more := v_more or found;
  v_stretch := tollhouse_private.stretch('tollhouse_private.hourly_spend');
  delete from tollhouse_private.hourly_spend as hs
  where hs.ctid = any (array(
    select old.ctid from tollhouse_private.hourly_spend as old
    where old.ctid >= v_stretch[1] and old.ctid < v_stretch[2]
      and old.hour < v_now - v_settings.ledger_retention
    for update skip locked
  ));
  v_more := v_more or found;
  v_stretch := tollhouse_private.stretch('tollhouse_private.turns');
  delete from tollhouse_private.turns as tu
  where tu.ctid = any (array(
    select old.ctid from tollhouse_private.turns as old
    where old.ctid >= v_stretch[1] and old.ctid < v_stretch[2]
      and (select true from tollhouse_private.jobs as j where j.tenant_id = old.tenant_id limit 1) is not true
    for update skip locked
  ));
  v_more := v_more or found;
  v_stretch := tollhouse_private.stretch('tollhouse_private.queue_counts');
  delete from tollhouse_private.queue_counts as qc
  where qc.ctid = any (array(
    select old.ctid from tollhouse_private.queue_counts as old
    where old.ctid >= v_stretch[1] and old.ctid < v_stretch[2]
      and (select true from tollhouse_private.jobs as j where j.tenant_id = old.tenant_id limit 1) is not true
    for update skip locked
  ));
  v_more := v_more or found;
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
  'Removes a batch of expired rows: answers, keys, hours, healthy breakers, overruns, turns of idle tenants. Returns whether there may be more; if so, call it again in a new transaction.';

revoke execute on function tollhouse_worker.prune() from public;
grant execute on function tollhouse_worker.prune() to tollhouse_worker;

commit;
