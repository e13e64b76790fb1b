-- Verify tollhouse:execution/lease on pg

begin;

select
  1 / (p.prosecdef and 'search_path=pg_catalog, pg_temp' = any (coalesce(p.proconfig, '{}')))::int,
  1 / (p.proowner = 'tollhouse_engine'::regrole)::int,
  1 / has_function_privilege('tollhouse_worker', p.oid, 'execute')::int,
  1 / (not has_function_privilege('public', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_owner', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_client', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_operator', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_auditor', p.oid, 'execute'))::int
from pg_catalog.pg_proc as p
where p.oid = 'tollhouse_worker.register(uuid, text, integer, text)'::regprocedure;

select
  1 / (p.prosecdef and 'search_path=pg_catalog, pg_temp' = any (coalesce(p.proconfig, '{}')))::int,
  1 / (p.proowner = 'tollhouse_engine'::regrole)::int,
  1 / has_function_privilege('tollhouse_worker', p.oid, 'execute')::int,
  1 / (not has_function_privilege('public', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_owner', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_client', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_operator', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_auditor', p.oid, 'execute'))::int
from pg_catalog.pg_proc as p
where p.oid = 'tollhouse_worker.heartbeat(uuid, integer)'::regprocedure;

select
  1 / (p.prosecdef and 'search_path=pg_catalog, pg_temp' = any (coalesce(p.proconfig, '{}')))::int,
  1 / (p.proowner = 'tollhouse_engine'::regrole)::int,
  1 / has_function_privilege('tollhouse_worker', p.oid, 'execute')::int,
  1 / (not has_function_privilege('public', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_owner', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_client', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_operator', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_auditor', p.oid, 'execute'))::int
from pg_catalog.pg_proc as p
where p.oid = 'tollhouse_worker.deregister(uuid)'::regprocedure;

rollback;
