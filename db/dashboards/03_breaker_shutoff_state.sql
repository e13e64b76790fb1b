-- What is stopped or close to being stopped, for whom, since when and why?
--
-- guard: kill_switch, hourly_shutoff or breaker
-- scope: level it applies to: global, provider, model, endpoint, tenant, user
-- tenant_id: tenant; empty if not specific to one
-- user_id: user; empty if not specific to one
-- target: what is stopped, or the breaker's provider
-- stops_calls: whether it is refusing calls now
-- state: on; armed or shut off (manual or automatic); closed, open or half_open
-- since: start of this state
-- until: when it ends without an operator
-- reason: why, or how close to the threshold

select
  guard, scope, tenant_id, user_id, target, stops_calls, state, since, until, reason
from tollhouse_ops.guard_state
order by stops_calls desc, guard, scope, tenant_id, user_id, target
limit 500;
