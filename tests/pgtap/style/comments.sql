begin;
select plan(5);

select is_empty(
  $$
    select n.nspname from pg_catalog.pg_namespace as n
    where n.nspname in ('tollhouse', 'tollhouse_private', 'tollhouse_worker', 'tollhouse_ops')
      and coalesce(obj_description(n.oid, 'pg_namespace'), '') = ''
  $$,
  'every schema has a comment'
);
select is_empty(
  $$
    select p.oid::regprocedure from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname in ('tollhouse', 'tollhouse_private', 'tollhouse_worker', 'tollhouse_ops')
      and coalesce(obj_description(p.oid, 'pg_proc'), '') = ''
  $$,
  'every function has a comment'
);
select is_empty(
  $$
    select c.oid::regclass from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('tollhouse', 'tollhouse_private', 'tollhouse_worker', 'tollhouse_ops')
      and c.relkind in ('r', 'p', 'v')
      and not c.relispartition
      and coalesce(obj_description(c.oid, 'pg_class'), '') = ''
  $$,
  'every table and view has a comment'
);
select is_empty(
  $$
    select t.oid::regtype from pg_catalog.pg_type as t
    left join pg_catalog.pg_class as c on c.oid = t.typrelid
    where t.typnamespace = 'tollhouse_private'::regnamespace
      and (t.typtype = 'd' or c.relkind = 'c')
      and coalesce(obj_description(t.oid, 'pg_type'), '') = ''
  $$,
  'every type and domain has a comment'
);
select is_empty(
  $$
    select r.rolname from pg_catalog.pg_roles as r
    where r.rolname in (
        'tollhouse_owner', 'tollhouse_engine',
        'tollhouse_client', 'tollhouse_worker', 'tollhouse_operator', 'tollhouse_auditor'
      )
      and coalesce(shobj_description(r.oid, 'pg_authid'), '') = ''
  $$,
  'every role has a comment'
);

select * from finish();
rollback;
