-- Which workers are registered, are they alive, and which calls do they hold?
--
-- name: the worker's name
-- worker_id: id of its lease
-- version: its version
-- state: alive, or lease expired
-- lease_left_seconds: time left on the lease, in seconds; negative once expired
-- capacity: calls it may hold at once
-- in_flight: calls in flight, according to its last heartbeat
-- holds: calls it holds, according to the queue
-- idle: whether it is asleep until notified
-- oldest_held_seconds: how long it has held its oldest call, in seconds
-- started_at: when it registered

select
  name, worker_id, version, state, lease_left_seconds, capacity, in_flight, holds, idle,
  oldest_held_seconds, started_at
from tollhouse_ops.workers
order by state desc, name, worker_id
limit 500;
