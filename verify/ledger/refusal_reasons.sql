-- Verify tollhouse:ledger/refusal_reasons on pg

begin;

select reason, guard, position, sentence, remedy
from tollhouse_private.refusal_reasons
where false;

select
  1 / (c.relowner = 'tollhouse_owner'::regrole)::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'select')::int,
  1 / (not has_table_privilege('tollhouse_engine', c.oid, 'insert, update, delete, truncate'))::int,
  1 / has_table_privilege('tollhouse_operator', c.oid, 'select')::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'insert, update, delete, truncate'))::int,
  1 / has_table_privilege('tollhouse_auditor', c.oid, 'select')::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'insert, update, delete, truncate'))::int,
  1 / has_table_privilege('tollhouse_monitor', c.oid, 'select')::int,
  1 / (not has_table_privilege('tollhouse_monitor', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_private.refusal_reasons'::regclass;

select
  1 / p.prosecdef::int,
  1 / ('search_path=pg_catalog, pg_temp' = any (coalesce(p.proconfig, '{}')))::int,
  1 / (p.proowner = 'tollhouse_owner'::regrole)::int,
  1 / has_function_privilege('tollhouse_client', p.oid, 'execute')::int,
  1 / has_function_privilege('tollhouse_operator', p.oid, 'execute')::int,
  1 / has_function_privilege('tollhouse_auditor', p.oid, 'execute')::int,
  1 / has_function_privilege('tollhouse_monitor', p.oid, 'execute')::int,
  1 / (not has_function_privilege('public', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_worker', p.oid, 'execute'))::int
from pg_catalog.pg_proc as p
where p.oid = 'tollhouse_private.refusing_guard(text)'::regprocedure;

select 1 / (count(*) = 7)::int from tollhouse_private.refusal_reasons;

rollback;
