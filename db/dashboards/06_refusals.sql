-- Which guards refused calls of the last 24 hours, why, and whose?
--
-- guard: guard that refused
-- blocked_reason: its reason, as in the ledger
-- tenant_id: tenant
-- endpoint: endpoint
-- calls: calls refused
-- last_hour: of these, in the last hour
-- stopped_in_flight: of these, aborted after they had been sent
-- users: users concerned
-- last_at: time of the last refusal

select
  guard, blocked_reason, tenant_id, endpoint, calls, last_hour, stopped_in_flight, users, last_at
from tollhouse.refusals
order by calls desc, guard, blocked_reason, tenant_id, endpoint
limit 500;
