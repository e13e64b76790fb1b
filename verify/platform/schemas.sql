-- Verify tollhouse:platform/schemas on pg

begin;

select
  1 / (n.nspowner = s.owner::regrole)::int,
  1 / (not has_schema_privilege('public', n.oid, 'usage, create'))::int
from (values
  ('tollhouse'::regnamespace, 'tollhouse_owner'),
  ('tollhouse_private', 'tollhouse_owner'),
  ('tollhouse_worker', 'tollhouse_engine'),
  ('tollhouse_ops', 'tollhouse_engine')
) as s (schema, owner)
join pg_catalog.pg_namespace as n on n.oid = s.schema;

select 1 / (has_schema_privilege(r.role, s.schema, 'usage') = (s.schema = any (r.enters)))::int
from (values
  ('tollhouse_client', '{tollhouse}'::text[]),
  ('tollhouse_worker', '{tollhouse_worker}'),
  ('tollhouse_operator', '{tollhouse,tollhouse_ops}'),
  ('tollhouse_auditor', '{tollhouse,tollhouse_ops}'),
  ('tollhouse_monitor', '{tollhouse,tollhouse_ops}')
) as r (role, enters)
cross join (values ('tollhouse'), ('tollhouse_private'), ('tollhouse_worker'), ('tollhouse_ops')) as s (schema);

select 1 / has_schema_privilege('tollhouse_engine', 'tollhouse', 'usage')::int;
select 1 / has_schema_privilege('tollhouse_engine', 'tollhouse_private', 'create')::int;
select 1 / (not has_schema_privilege('tollhouse_client', 'tollhouse', 'create'))::int;

rollback;
