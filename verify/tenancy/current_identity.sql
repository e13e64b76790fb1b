-- Verify tollhouse:tenancy/current_identity on pg

begin;

select
  1 / (not p.prosecdef and p.proconfig is null)::int,
  1 / (p.proowner = 'tollhouse_engine'::regrole)::int,
  1 / has_function_privilege('tollhouse_owner', p.oid, 'execute')::int,
  1 / has_function_privilege('tollhouse_client', p.oid, 'execute')::int,
  1 / (not has_function_privilege('public', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_worker', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_operator', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_auditor', p.oid, 'execute'))::int
from pg_catalog.pg_proc as p
where p.oid in (
  'tollhouse_private.current_tenant_id()'::regprocedure,
  'tollhouse_private.current_user_id()'::regprocedure,
  'tollhouse_private.reads_all_users()'::regprocedure
);

rollback;
