-- Deploy tollhouse:ops/workers to pg

begin;
set local role tollhouse_engine;

create view tollhouse_ops.workers with (security_invoker = true) as
select
  w.name, w.worker_id, w.version,
  case when w.alive_until > pg_catalog.now() then 'alive' else 'lease expired' end as state,
  pg_catalog.round(extract(epoch from w.alive_until - pg_catalog.now())::numeric, 1) as lease_left_seconds,
  w.capacity, w.in_flight, held.calls as holds, w.idle,
  pg_catalog.round(held.oldest_seconds::numeric, 1) as oldest_held_seconds,
  w.started_at
from tollhouse_private.workers as w
cross join lateral (
  select
    pg_catalog.count(*) as calls,
    extract(epoch from pg_catalog.now() - pg_catalog.min(j.started_at)) as oldest_seconds
  from tollhouse_private.jobs as j
  where j.state = 'running'
    and j.worker_id = w.worker_id
) as held;
comment on view tollhouse_ops.workers is
  'Workers that are registered. in_flight: what the worker said with its last heartbeat; holds: what the queue says. An expired lease is reaped by the other workers, and its calls with it.';

grant select on tollhouse_ops.workers to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
