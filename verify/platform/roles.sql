-- Verify tollhouse:platform/roles on pg

begin;

select
  1 / (not r.rolsuper)::int,
  1 / (not r.rolbypassrls)::int,
  1 / (not r.rolcanlogin)::int
from pg_catalog.pg_roles as r
where r.oid in (
  'tollhouse_owner'::regrole,
  'tollhouse_engine'::regrole,
  'tollhouse_client'::regrole,
  'tollhouse_worker'::regrole,
  'tollhouse_operator'::regrole,
  'tollhouse_auditor'::regrole,
  'tollhouse_monitor'::regrole
);

-- None of them is a member of another: what one may do, no other inherits.
select 1 / (count(*) = 0)::int
from pg_catalog.pg_auth_members as m
join pg_catalog.pg_roles as granted on granted.oid = m.roleid
join pg_catalog.pg_roles as member on member.oid = m.member
cross join (
  select array[
    'tollhouse_owner', 'tollhouse_engine',
    'tollhouse_client', 'tollhouse_worker', 'tollhouse_operator', 'tollhouse_auditor', 'tollhouse_monitor'
  ] as names
) as ours
where granted.rolname = any (ours.names)
  and member.rolname = any (ours.names);

-- What the owner roles will create from now on is not PUBLIC's.
select 1 / (count(*) = 2)::int
from pg_catalog.pg_default_acl as d
where d.defaclrole in ('tollhouse_owner'::regrole, 'tollhouse_engine'::regrole)
  and d.defaclnamespace = 0
  and d.defaclobjtype = 'f'
  and not exists (select from aclexplode(d.defaclacl) as a where a.grantee = 0);

rollback;
