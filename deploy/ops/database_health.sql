-- Deploy tollhouse:ops/database_health to pg
-- requires: ledger/ensure_partitions

begin;
set local role tollhouse_engine;

create view tollhouse_ops.database_health with (security_invoker = true) as
select
  c.relname as relation,
  greatest(c.reltuples, 0)::bigint as estimated_rows,
  coalesce(s.n_dead_tup, 0) as dead_rows,
  due.at_dead_rows::bigint as vacuum_at_dead_rows,
  pg_catalog.round((coalesce(s.n_dead_tup, 0) / nullif(due.at_dead_rows, 0))::numeric, 2) as vacuum_lag,
  greatest(s.last_vacuum, s.last_autovacuum) as last_vacuum_at,
  greatest(s.last_analyze, s.last_autoanalyze) as last_analyze_at,
  pg_catalog.round(pg_catalog.pg_total_relation_size(c.oid) / 1048576.0, 1) as size_mib,
  ahead.months as months_ahead,
  horizon.xids as oldest_xmin_age,
  horizon.seconds as longest_transaction_seconds,
  pg_catalog.round((100 * pg_catalog.pg_notification_queue_usage())::numeric, 1) as notify_queue_percent
from pg_catalog.pg_class as c
left join pg_catalog.pg_inherits as i on i.inhrelid = c.oid
left join pg_catalog.pg_class as parent on parent.oid = i.inhparent
left join pg_catalog.pg_stat_all_tables as s on s.relid = c.oid
cross join lateral (
  select
    coalesce(
      pg_catalog.max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_threshold'),
      pg_catalog.current_setting('autovacuum_vacuum_threshold')
    )::double precision
    + coalesce(
      pg_catalog.max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_scale_factor'),
      pg_catalog.current_setting('autovacuum_vacuum_scale_factor')
    )::double precision * greatest(c.reltuples, 0) as at_dead_rows
  from pg_catalog.pg_options_to_table(c.reloptions) as o
) as due
left join lateral (
  select pg_catalog.count(*) - 1 as months
  from pg_catalog.pg_inherits as sibling
  join pg_catalog.pg_class as later on later.oid = sibling.inhrelid
  where sibling.inhparent = i.inhparent
    and pg_catalog.right(later.relname, 7) >= pg_catalog.to_char(pg_catalog.now() at time zone 'UTC', 'YYYY_MM')
) as ahead on i.inhparent is not null
cross join (
  select
    pg_catalog.max(held.xids) as xids,
    pg_catalog.round(pg_catalog.max(held.seconds)::numeric, 1) as seconds
  from (
    select greatest(pg_catalog.age(sa.backend_xmin), pg_catalog.age(sa.backend_xid)) as xids, extract(epoch from pg_catalog.clock_timestamp() - sa.xact_start) as seconds
    from pg_catalog.pg_stat_activity as sa
    where sa.pid <> pg_catalog.pg_backend_pid()
      and sa.datname = pg_catalog.current_database()
    union all
    select pg_catalog.age(px.transaction), extract(epoch from pg_catalog.clock_timestamp() - px.prepared)
    from pg_catalog.pg_prepared_xacts as px
    where px.database = pg_catalog.current_database()
    union all
    select greatest(pg_catalog.age(rs.xmin), pg_catalog.age(rs.catalog_xmin)), null
    from pg_catalog.pg_replication_slots as rs
  ) as held
) as horizon
where c.relnamespace = 'tollhouse_private'::pg_catalog.regnamespace
  and c.relkind = 'r'
  and (
    i.inhparent is null
    or pg_catalog.right(c.relname, 7) = pg_catalog.to_char(pg_catalog.now() at time zone 'UTC', 'YYYY_MM')
  );
comment on view tollhouse_ops.database_health is
  'Each table, and the running month of each partitioned one. vacuum_lag: dead rows as a share of what makes autovacuum come; far above 1, vacuum does not keep up or is held back by oldest_xmin_age (in transactions). longest_transaction_seconds is null for a reader without pg_read_all_stats while other roles'' sessions are all that is open. notify_queue_percent: of the whole server; from 50 on nobody is notified, and workers and callers find out by looking.';

grant select on tollhouse_ops.database_health to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
