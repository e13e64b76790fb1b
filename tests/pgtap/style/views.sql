begin;
select plan(4);

create temp view ours as
select c.oid::regclass::text as name, c.*, n.nspname
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('tollhouse', 'tollhouse_private', 'tollhouse_worker', 'tollhouse_ops')
  and c.relkind = 'v';

select cmp_ok((select count(*) from ours), '>', 10::bigint, 'there are the views that the following tests are about');
select is_empty(
  $$ select name from ours where 'security_invoker=true' <> all (coalesce(reloptions, '{}')) $$,
  'every view reads as its reader, so that row security holds behind it'
);
select is_empty(
  $$ select name from ours where nspname in ('tollhouse_private', 'tollhouse_worker') $$,
  'views are where somebody reads: for clients and operators'
);
select is_empty(
  $$
    select name from ours as v
    cross join lateral aclexplode(v.relacl) as a
    where a.grantee <> v.relowner
      and (a.privilege_type <> 'SELECT' or a.grantee = 0)
  $$,
  'nobody writes through a view, and PUBLIC reads none'
);

select * from finish();
rollback;
