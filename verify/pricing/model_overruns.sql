-- Verify tollhouse:pricing/model_overruns on pg

begin;

select model, day, factor, highest, call_id, learned_at
from tollhouse_private.model_overruns
where false;

select
  1 / (c.relowner = 'tollhouse_owner'::regrole)::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'insert')::int,
  1 / has_table_privilege('tollhouse_operator', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_auditor', c.oid, 'select')::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'update')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'delete')::int,
  1 / has_table_privilege('tollhouse_monitor', c.oid, 'select')::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_private.model_overruns'::regclass;

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
where p.oid = 'tollhouse_private.with_overrun(bigint, numeric)'::regprocedure;

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
where p.oid = 'tollhouse_private.overrun_of(text, timestamptz)'::regprocedure;

rollback;
