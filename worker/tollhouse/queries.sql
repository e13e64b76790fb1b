-- All SQL of the worker. Each query calls one routine of tollhouse_worker, except for the two LISTENs
-- and the session, which is set up at the start and checked when in doubt.

-- name: session
-- If we vanish, the server lets go of what we hold: in a statement, a transaction or a reply nobody reads.
select
  current_setting('transaction_read_only') = 'on' as read_only,
  set_config('statement_timeout', %(statement_timeout)s, false),
  set_config('idle_in_transaction_session_timeout', '10s', false),
  set_config('tcp_user_timeout', '10s', false),
  set_config('tcp_keepalives_idle', '5', false),
  set_config('tcp_keepalives_interval', '3', false),
  set_config('tcp_keepalives_count', '3', false);

-- name: listen_wake
listen tollhouse_wake;

-- name: listen_control
listen tollhouse_control;

-- name: register
select lease_ms, heartbeat_ms
from tollhouse_worker.register(%(worker_id)s, %(name)s, %(capacity)s, %(version)s);

-- name: heartbeat
select tollhouse_worker.heartbeat(%(worker_id)s, %(in_flight)s) as held;

-- name: set_idle
select tollhouse_worker.set_idle(%(worker_id)s, %(idle)s) as next_due_ms;

-- name: claim
call tollhouse_worker.record_and_claim(%(worker_id)s, null, %(limit)s, null);

-- name: record
select late
from tollhouse_worker.record(%(worker_id)s, %(results)s);

-- name: record_and_claim
call tollhouse_worker.record_and_claim(%(worker_id)s, %(results)s, %(limit)s, null);

-- name: calls_to_abort
select call_id, attempt, reason
from tollhouse_worker.calls_to_abort(%(worker_id)s);

-- name: reap
select tollhouse_worker.reap() as reaped;

-- name: maintain
select tollhouse_worker.maintain();

-- name: prune
select tollhouse_worker.prune() as more;

-- name: deregister
select tollhouse_worker.deregister(%(worker_id)s);
