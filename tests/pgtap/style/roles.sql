begin;
select plan(5);

create temp view ours as
select r.*
from pg_catalog.pg_roles as r
where r.rolname in (
  'tollhouse_owner', 'tollhouse_engine',
  'tollhouse_client', 'tollhouse_worker', 'tollhouse_operator', 'tollhouse_auditor', 'tollhouse_monitor'
);

select is((select count(*) from ours), 7::bigint, 'the seven roles exist');
select is_empty(
  $$ select rolname from ours where rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication $$,
  'none is a superuser, bypasses row security, or makes roles, databases or replicas'
);
select is_empty($$ select rolname from ours where rolcanlogin $$, 'none logs in');
select is_empty(
  $$
    select m.member::regrole, m.roleid::regrole
    from pg_catalog.pg_auth_members as m
    where m.member in (select o.oid from ours as o)
  $$,
  'none is a member of anything, so none inherits what another may do'
);
select set_eq(
  $$
    select d.defaclrole::regrole::text
    from pg_catalog.pg_default_acl as d
    where d.defaclobjtype = 'f' and d.defaclnamespace = 0
      and not exists (select from aclexplode(d.defaclacl) as a where a.grantee = 0)
  $$,
  $$ values ('tollhouse_owner'), ('tollhouse_engine') $$,
  'what owner and engine will create is not PUBLIC''s either'
);

select * from finish();
rollback;
