-- Deploy tollhouse:ops/queue_depth to pg

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
  'Unfinished calls per tenant. waiting_for_budget: those of the scheduled ones that wait until reservations of calls in flight are settled. oldest_waiting_seconds: how long the oldest call that could run has not been claimed. oldest_call_seconds: age of the oldest call, retried ones included, those scheduled by their caller not.';

grant select on tollhouse.queue_depth to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
