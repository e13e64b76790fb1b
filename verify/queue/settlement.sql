-- Verify tollhouse:queue/settlement on pg

begin;

select 'tollhouse_private.attempt_result'::regtype;

select 'tollhouse_private.settlement'::regtype;

select 'tollhouse_private.due'::regtype;

select
  1 / (not p.prosecdef)::int,
  1 / (p.proowner = 'tollhouse_owner'::regrole)::int,
  1 / has_function_privilege('tollhouse_engine', p.oid, 'execute')::int,
  1 / (not has_function_privilege('public', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_client', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_worker', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_operator', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_auditor', p.oid, 'execute'))::int
from pg_catalog.pg_proc as p
where p.oid = 'tollhouse_private.dues(tollhouse_private.settlement[], timestamptz)'::regprocedure;

rollback;
