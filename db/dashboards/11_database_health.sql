-- Is the database healthy: is vacuum keeping up, what is holding it back, do partitions exist?
--
-- relation: table, or current month of a partitioned table
-- estimated_rows: rows, as of the last vacuum or analyze
-- dead_rows: dead tuples not yet vacuumed
-- vacuum_at_dead_rows: dead tuples that trigger autovacuum
-- vacuum_lag: dead_rows divided by that; far above 1, vacuum is not keeping up
-- last_vacuum_at: last vacuum, manual or automatic
-- last_analyze_at: last analyze, manual or automatic
-- size_mib: size with indexes, in MiB
-- months_ahead: monthly partitions created beyond this month
-- oldest_xmin_age: transactions since the oldest snapshot that holds back vacuum in this database
-- holder_kind: what holds that snapshot: session, prepared (transaction), slot (replication) or standby
-- holder: its pid, or the name of the prepared transaction or the slot
-- holder_user: its login
-- holder_application: its application_name
-- holder_state: its state, if visible to the reader; idle in transaction is the usual culprit
-- holder_since: when its transaction began, if visible to the reader
-- longest_transaction_seconds: age of the longest open transaction visible to the reader, in seconds
-- notify_queue_percent: how full the server's notification queue is; from 50 on, notifications are skipped

select
  relation, estimated_rows, dead_rows, vacuum_at_dead_rows, vacuum_lag, last_vacuum_at,
  last_analyze_at, size_mib, months_ahead, oldest_xmin_age, holder_kind, holder, holder_user,
  holder_application, holder_state, holder_since, longest_transaction_seconds,
  notify_queue_percent
from tollhouse_ops.database_health
order by vacuum_lag desc nulls last, dead_rows desc, relation
limit 500;
