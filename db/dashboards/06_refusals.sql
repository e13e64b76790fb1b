-- Which guards refused calls in the last 24 hours, why, and whose?
--
-- guard: guard that refused
-- blocked_reason: reason, as in the ledger
-- tenant_id: tenant
-- endpoint: endpoint
-- calls: calls refused
-- last_hour: of these, in the last hour
-- after_attempts: of these, aborted in flight by a kill switch, or refused a further attempt
-- cost_usd: cost of those attempts, in USD
-- users: number of users affected
-- last_at: time of the last refusal

select
  guard, blocked_reason, tenant_id, endpoint, calls, last_hour, after_attempts, cost_usd, users, last_at
from tollhouse.refusals
order by calls desc, guard, blocked_reason, tenant_id, endpoint
limit 500;
