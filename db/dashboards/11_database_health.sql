-- Is the database fit for a queue: is vacuum keeping up, what holds it back, are there partitions?
--
-- relation: table, or the running month of a partitioned one
-- estimated_rows: rows, as the last vacuum or analyze found them
-- dead_rows: rows that vacuum has yet to remove
-- vacuum_at_dead_rows: dead rows that make autovacuum come
-- vacuum_lag: dead_rows as a share of that; far above 1, vacuum does not keep up
-- last_vacuum_at: last vacuum, by hand or by itself
-- last_analyze_at: last analyze, likewise
-- size_mib: size with indexes, in MiB
-- months_ahead: monthly partitions that exist beyond this month
-- oldest_xmin_age: transactions that began since the oldest snapshot that holds vacuum back, in the whole database
-- holder_kind: who has that snapshot: session, prepared (a transaction), slot (of replication) or standby
-- holder: its pid, or the name of the prepared transaction or the slot
-- holder_user: its login
-- holder_application: its application_name
-- holder_state: what it does, as far as the reader may see; idle in transaction is the usual culprit
-- holder_since: when its transaction began, likewise
-- longest_transaction_seconds: age of the longest open transaction that the reader may see, in seconds
-- notify_queue_percent: how full the server's queue of notifications is; from 50 on nobody is notified

select
  relation, estimated_rows, dead_rows, vacuum_at_dead_rows, vacuum_lag, last_vacuum_at,
  last_analyze_at, size_mib, months_ahead, oldest_xmin_age, holder_kind, holder, holder_user,
  holder_application, holder_state, holder_since, longest_transaction_seconds,
  notify_queue_percent
from tollhouse_ops.database_health
order by vacuum_lag desc nulls last, dead_rows desc, relation
limit 500;
