-- Whose calls are waiting, how many, and for how long?
--
-- tenant_id: tenant
-- queued: calls that a worker may claim now
-- scheduled: calls waiting for their run_at, a rate limit, a budget or a retry
-- waiting_for_budget: of these, waiting for reservations of calls in flight to settle
-- coalesced: calls waiting for the answer to an identical call
-- running: calls in flight
-- oldest_waiting_seconds: how long the oldest claimable call has waited, in seconds
-- oldest_call_seconds: age of the oldest call not scheduled for later by its caller, in seconds
-- reserved_usd: reserved for calls in flight, in USD

select
  tenant_id, queued, scheduled, waiting_for_budget, coalesced, running, oldest_waiting_seconds,
  oldest_call_seconds, reserved_usd
from tollhouse.queue_depth
order by oldest_waiting_seconds desc nulls last, queued desc, tenant_id
limit 500;
