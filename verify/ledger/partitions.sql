-- Verify tollhouse:ledger/partitions on pg

begin;

select
  1 / (not p.prosecdef)::int,
  1 / (p.proowner = 'tollhouse_owner'::regrole)::int,
  1 / (not has_function_privilege('public', p.oid, 'execute'))::int,
  1 / has_function_privilege('tollhouse_engine', p.oid, 'execute')::int,
  1 / (not has_function_privilege('tollhouse_client', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_worker', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_operator', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_auditor', p.oid, 'execute'))::int
from pg_catalog.pg_proc as p
where p.oid = 'tollhouse_private.has_month(timestamptz)'::regprocedure;

select
  1 / (p.prosecdef and 'search_path=pg_catalog, pg_temp' = any (coalesce(p.proconfig, '{}')))::int,
  1 / (p.proowner = 'tollhouse_owner'::regrole)::int,
  1 / has_function_privilege('tollhouse_engine', p.oid, 'execute')::int,
  1 / (not has_function_privilege('public', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_client', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_worker', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_operator', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_auditor', p.oid, 'execute'))::int
from pg_catalog.pg_proc as p
where p.oid = 'tollhouse_private.ensure_partitions(timestamptz, timestamptz)'::regprocedure;

-- This month and the next are there, of each of the three tables, with row security of their own.
select 1 / (count(*) = 6)::int
from generate_series(0, 1) as ahead
cross join (values ('llm_api_calls'), ('provider_attempts'), ('call_content')) as t (name)
join pg_catalog.pg_class as c
  on c.relname = t.name || to_char(now() at time zone 'UTC' + make_interval(months => ahead), '_YYYY_MM')
where c.relnamespace = 'tollhouse_private'::regnamespace
  and c.relispartition
  and c.relrowsecurity
  and c.relforcerowsecurity;

select
  1 / (p.prosecdef and 'search_path=pg_catalog, pg_temp' = any (coalesce(p.proconfig, '{}')))::int,
  1 / (p.proowner = 'tollhouse_owner'::regrole)::int,
  1 / has_function_privilege('tollhouse_engine', p.oid, 'execute')::int,
  1 / (not has_function_privilege('public', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_client', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_worker', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_operator', p.oid, 'execute'))::int,
  1 / (not has_function_privilege('tollhouse_auditor', p.oid, 'execute'))::int
from pg_catalog.pg_proc as p
where p.oid = 'tollhouse_private.drop_old_partitions(timestamptz, timestamptz[])'::regprocedure;

rollback;
