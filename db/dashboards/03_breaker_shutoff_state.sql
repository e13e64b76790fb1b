-- What is stopped or about to be, for whom, since when and why?
--
-- guard: kill_switch, hourly_shutoff or breaker
-- scope: what it is set on: global, provider, model, endpoint, tenant, user
-- tenant_id: tenant; empty where it is no tenant's
-- user_id: user; empty where it is no user's
-- target: what is stopped, or the breaker's provider
-- stops_calls: whether it refuses calls now
-- state: on; armed or shut off (by hand or by itself); closed, open or half_open
-- since: when it came to this state
-- until: when it ends by itself
-- reason: why, or how near it is

select
  guard, scope, tenant_id, user_id, target, stops_calls, state, since, until, reason
from tollhouse_ops.guard_state
order by stops_calls desc, guard, scope, tenant_id, user_id, target
limit 500;
