-- Verify tollhouse:ops/forget_overrun on pg

begin;

select
  1 / (p.prosecdef and 'search_path=pg_catalog, pg_temp' = any (coalesce(p.proconfig, '{}')))::int,
  1 / (p.proowner = 'tollhouse_engine'::regrole)::int,
  1 / has_function_privilege('tollhouse_operator', p.oid, 'execute')::int,
  1 / (not has_function_privilege('public', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_owner', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_client', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_worker', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_auditor', p.oid, 'execute'))::int
from pg_catalog.pg_proc as p
where p.oid = 'tollhouse_ops.forget_overrun(text, text)'::regprocedure;

select
  1 / ('security_invoker=true' = any (coalesce(c.reloptions, '{}')))::int,
  1 / (c.relowner = 'tollhouse_engine'::regrole)::int,
  1 / has_table_privilege('tollhouse_operator', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_monitor', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_auditor', c.oid, 'select')::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_owner', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_monitor', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_ops.model_overruns'::regclass;

rollback;
