-- Verify tollhouse:execution/materializers on pg

begin;

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
where p.oid = 'tollhouse_private.question_of(jsonb)'::regprocedure;

select tenant_id, call_id, created_at, user_id, question, findings
from tollhouse_private.investigations
where false;

select
  1 / (c.relrowsecurity and c.relforcerowsecurity)::int,
  1 / (c.relowner = 'tollhouse_owner'::regrole)::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'insert')::int,
  1 / has_table_privilege('tollhouse_client', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_operator', c.oid, 'select')::int,
  1 / (not has_table_privilege('tollhouse_monitor', c.oid, 'select'))::int,
  1 / has_table_privilege('tollhouse_auditor', c.oid, 'select')::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_engine', c.oid, 'update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_monitor', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_private.investigations'::regclass;

select 1 / (count(*) = 4)::int
from pg_catalog.pg_policy as p
where p.polrelid = 'tollhouse_private.investigations'::regclass
  and p.polname in (
    'investigations_all_engine',
    'investigations_select_client',
    'investigations_insert_owner',
    'investigations_select_operator'
  );

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
where p.oid = 'tollhouse_private.materialize_investigation(text, text, uuid, timestamptz, jsonb, jsonb)'::regprocedure;

select tenant_id, call_id, created_at, user_id, objective, recommendation
from tollhouse_private.budget_optimization_jobs
where false;

select
  1 / (c.relrowsecurity and c.relforcerowsecurity)::int,
  1 / (c.relowner = 'tollhouse_owner'::regrole)::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'insert')::int,
  1 / has_table_privilege('tollhouse_client', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_operator', c.oid, 'select')::int,
  1 / (not has_table_privilege('tollhouse_monitor', c.oid, 'select'))::int,
  1 / has_table_privilege('tollhouse_auditor', c.oid, 'select')::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_engine', c.oid, 'update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_monitor', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_private.budget_optimization_jobs'::regclass;

select 1 / (count(*) = 4)::int
from pg_catalog.pg_policy as p
where p.polrelid = 'tollhouse_private.budget_optimization_jobs'::regclass
  and p.polname in (
    'budget_optimization_jobs_all_engine',
    'budget_optimization_jobs_select_client',
    'budget_optimization_jobs_insert_owner',
    'budget_optimization_jobs_select_operator'
  );

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
where p.oid = 'tollhouse_private.materialize_budget_optimization(text, text, uuid, timestamptz, jsonb, jsonb)'::regprocedure;

rollback;
