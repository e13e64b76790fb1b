-- Deploy tollhouse:ops/queue to pg

begin;
set local role tollhouse_owner;

create view tollhouse.queue_depth with (security_invoker = true) as
select
  j.tenant_id,
  pg_catalog.count(*) filter (where j.state = 'queued') as queued,
  pg_catalog.count(*) filter (where j.state = 'scheduled') as scheduled,
  pg_catalog.count(*) filter (where j.state = 'scheduled' and j.waits_for = 'budget') as waiting_for_budget,
  pg_catalog.count(*) filter (where j.state = 'coalesced') as coalesced,
  pg_catalog.count(*) filter (where j.state = 'running') as running,
  pg_catalog.round(extract(epoch from pg_catalog.now() - pg_catalog.min(j.run_at) filter (
    where j.state = 'queued' or (j.state = 'scheduled' and j.run_at <= pg_catalog.now())
  ))::numeric, 1) as oldest_waiting_seconds,
  pg_catalog.round(extract(epoch from pg_catalog.now() - pg_catalog.min(j.created_at) filter (
    where j.waits_for is distinct from 'run_at'
  ))::numeric, 1) as oldest_call_seconds,
  pg_catalog.round(pg_catalog.sum(j.reserved_micro_usd) / 1000000.0, 6) as reserved_usd
from tollhouse_private.jobs as j
group by j.tenant_id;
comment on view tollhouse.queue_depth is
  'Unfinished calls per tenant. waiting_for_budget: scheduled calls waiting for reservations of calls in flight to settle. oldest_waiting_seconds: how long the oldest claimable call has been waiting. oldest_call_seconds: age of the oldest call, including retried calls but not those scheduled for later by their caller.';

grant select on tollhouse.queue_depth to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

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
  'Registered workers. in_flight: calls in flight, according to the last heartbeat; holds: calls held, according to the queue. Other workers reap an expired lease together with its calls.';

grant select on tollhouse_ops.workers to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
