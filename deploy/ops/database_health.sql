-- Deploy tollhouse:ops/database_health to pg

begin;
set local role tollhouse_engine;

-- Every session's pid, login, application and snapshot are public; its state and its start need pg_read_all_stats.
create view tollhouse_ops.snapshot_holders with (security_invoker = true) as
select
  h.kind, h.holder, h.user_name, h.application, h.state, h.since,
  pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp() - h.since)::numeric, 1) as seconds,
  h.transactions
from (
  select
    case when sr.pid is null then 'session' else 'standby' end as kind,
    sa.pid::pg_catalog.text as holder,
    sa.usename::pg_catalog.text as user_name,
    sa.application_name as application,
    sa.state,
    coalesce(sa.xact_start, case when sr.pid is not null then sa.backend_start end) as since,
    greatest(pg_catalog.age(sa.backend_xmin), pg_catalog.age(sa.backend_xid)) as transactions
  from pg_catalog.pg_stat_activity as sa
  left join pg_catalog.pg_stat_replication as sr on sr.pid = sa.pid
  where sa.pid <> pg_catalog.pg_backend_pid()
    and (sa.datname = pg_catalog.current_database() or sr.pid is not null)
    -- A vacuum's snapshot does not hold back other vacuums.
    and not exists (select from pg_catalog.pg_stat_progress_vacuum as pv where pv.pid = sa.pid)
  union all
  select 'prepared', px.gid, px.owner::pg_catalog.text, '', 'prepared', px.prepared, pg_catalog.age(px.transaction)
  from pg_catalog.pg_prepared_xacts as px
  where px.database = pg_catalog.current_database()
  union all
  -- Its catalog_xmin affects only the system catalogs.
  select
    'slot', rs.slot_name::pg_catalog.text, coalesce(sr.usename::pg_catalog.text, ''), coalesce(sr.application_name, ''),
    case when rs.active then 'active' else 'inactive' end, null, pg_catalog.age(rs.xmin)
  from pg_catalog.pg_replication_slots as rs
  left join pg_catalog.pg_stat_replication as sr on sr.pid = rs.active_pid
) as h
where h.transactions is not null;
comment on view tollhouse_ops.snapshot_holders is
  'What keeps vacuum from removing dead tuples in this database. kind: session, prepared (transaction), slot (replication) or standby (hot_standby_feedback). holder: pid, or name of the transaction or slot. transactions: number started since. Without pg_read_all_stats, state and since of other roles'' sessions are null.';

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
  oldest.transactions as oldest_xmin_age,
  oldest.kind as holder_kind,
  oldest.holder,
  oldest.user_name as holder_user,
  oldest.application as holder_application,
  oldest.state as holder_state,
  oldest.since as holder_since,
  (select pg_catalog.max(sh.seconds) from tollhouse_ops.snapshot_holders as sh) as longest_transaction_seconds,
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
left join lateral (
  select sh.*
  from tollhouse_ops.snapshot_holders as sh
  order by sh.transactions desc, sh.since
  limit 1
) as oldest on true
where c.relnamespace = 'tollhouse_private'::pg_catalog.regnamespace
  and c.relkind = 'r'
  and (
    i.inhparent is null
    or pg_catalog.right(c.relname, 7) = pg_catalog.to_char(pg_catalog.now() at time zone 'UTC', 'YYYY_MM')
  );
comment on view tollhouse_ops.database_health is
  'Each table, and the current month of each partitioned one. vacuum_lag: dead tuples divided by autovacuum''s threshold; far above 1, vacuum is not keeping up or is held back, by oldest_xmin_age transactions, by the holder named beside it, the oldest of snapshot_holders. Without pg_read_all_stats, longest_transaction_seconds, holder_state and holder_since do not cover other roles'' sessions. notify_queue_percent: for the whole server; from 50 on notifications are skipped, and workers and callers poll instead.';

grant select on tollhouse_ops.snapshot_holders to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;
grant select on tollhouse_ops.database_health to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
