begin;
select plan(9);

create temp view relation as
select c.oid::regclass::text as name, c.*,
  exists (
    select from pg_catalog.pg_attribute as a
    where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  ) as has_tenant
from pg_catalog.pg_class as c
where c.relnamespace in (
    'tollhouse'::regnamespace, 'tollhouse_private'::regnamespace,
    'tollhouse_worker'::regnamespace, 'tollhouse_ops'::regnamespace
  )
  and c.relkind in ('r', 'p', 'f', 'm');

select cmp_ok((select count(*) from relation where has_tenant), '>', 20::bigint, 'there are tenant tables, partitions among them');
select is_empty(
  $$ select name from relation where has_tenant and not (relrowsecurity and relforcerowsecurity) $$,
  'row security is enabled and forced on every table with a tenant_id, on each partition too'
);
select set_eq(
  $$ select name from relation where not relrowsecurity $$,
  $$ values
    ('tollhouse_private.attempt_outcomes'),
    ('tollhouse_private.channel_secret'),
    ('tollhouse_private.model_overruns'),
    ('tollhouse_private.model_prices'),
    ('tollhouse_private.models'),
    ('tollhouse_private.operator_audit'),
    ('tollhouse_private.provider_breakers'),
    ('tollhouse_private.providers'),
    ('tollhouse_private.rate_limits'),
    ('tollhouse_private.refusal_reasons'),
    ('tollhouse_private.settings'),
    ('tollhouse_private.task_types'),
    ('tollhouse_private.workers')
  $$,
  'the tables without row security are the ones that belong to no tenant'
);
select is_empty(
  $$
    select name from relation
    where not relrowsecurity
      and has_table_privilege('tollhouse_client', oid, 'select, insert, update, delete, truncate, references, trigger')
  $$,
  'a client reads no table without row security'
);
select is_empty(
  $$ select name from relation where relnamespace <> 'tollhouse_private'::regnamespace or relkind not in ('r', 'p') $$,
  'tables are in tollhouse_private, and nothing is copied into a materialized view'
);
select is_empty(
  $$ select name from relation where relowner <> 'tollhouse_owner'::regrole $$,
  'every table belongs to the owner, whom forced row security holds too'
);
select is_empty(
  $$
    select r.name
    from relation as r
    cross join lateral aclexplode(r.relacl) as a
    where r.relispartition
      and a.grantee <> r.relowner
    union all
    select r.name
    from relation as r
    cross join lateral aclexplode(r.relacl) as a
    where a.grantee = 0
  $$,
  'nobody may name a partition, and PUBLIC has no privilege on any table'
);
-- Distributing a table by tenant needs the tenant in every unique index.
select set_eq(
  $$
    select r.name || ': ' || i.indexrelid::regclass::text
    from relation as r
    join pg_catalog.pg_index as i on i.indrelid = r.oid and i.indisunique
    where r.has_tenant
      and not exists (
        select from pg_catalog.pg_attribute as a
        where a.attrelid = r.oid and a.attname = 'tenant_id' and a.attnum = any (i.indkey)
      )
  $$,
  $$ values ('tollhouse_private.login_bindings: tollhouse_private.login_bindings_pkey') $$,
  'every unique index of a tenant table holds the tenant, but that of login_bindings, whose key is the login'
);
select is_empty(
  $$
    select n.nspname
    from pg_catalog.pg_namespace as n
    cross join lateral aclexplode(n.nspacl) as a
    where n.nspname in ('tollhouse', 'tollhouse_private', 'tollhouse_worker', 'tollhouse_ops')
      and (a.grantee = 0 or (a.privilege_type = 'CREATE' and a.grantee not in (n.nspowner, 'tollhouse_engine'::regrole)))
  $$,
  'PUBLIC enters no schema, and only owner and engine create in one'
);

select * from finish();
rollback;
