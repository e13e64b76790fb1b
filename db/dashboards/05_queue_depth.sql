-- Who waits, how many calls, and for how long?
--
-- tenant_id: tenant
-- queued: calls that a worker may claim now
-- scheduled: calls that wait for their time, a rate limit, a budget or a retry
-- waiting_for_budget: those of them that wait until reservations of calls in flight are settled
-- coalesced: calls that wait for an identical one's answer
-- running: calls at a provider
-- oldest_waiting_seconds: how long the oldest claimable call has waited, in seconds
-- oldest_call_seconds: age of the oldest call not scheduled by its caller, in seconds
-- reserved_usd: held back for the running calls, in USD

select
  tenant_id, queued, scheduled, waiting_for_budget, coalesced, running, oldest_waiting_seconds,
  oldest_call_seconds, reserved_usd
from tollhouse.queue_depth
order by oldest_waiting_seconds desc nulls last, queued desc, tenant_id
limit 500;
