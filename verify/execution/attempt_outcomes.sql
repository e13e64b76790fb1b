-- Verify tollhouse:execution/attempt_outcomes on pg

begin;

select outcome, sent, billing, retries, breaker, status
from tollhouse_private.attempt_outcomes
where false;

select
  1 / (c.relowner = 'tollhouse_owner'::regrole)::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_operator', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_auditor', c.oid, 'select')::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_engine', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_private.attempt_outcomes'::regclass;

select 1 / (count(*) = 14)::int
from tollhouse_private.attempt_outcomes as o
where o.outcome in (
  'success', 'rate_limited', 'server_error', 'timeout', 'dropped', 'unreachable', 'malformed',
  'rejected', 'not_configured', 'aborted', 'cancelled', 'interrupted', 'abandoned', 'not_sent'
);

rollback;
