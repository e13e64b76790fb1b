-- Verify tollhouse:platform/roles on pg

begin;

do $$
declare
  c_ours constant text[] := array[
    'tollhouse_owner', 'tollhouse_engine',
    'tollhouse_client', 'tollhouse_worker', 'tollhouse_operator', 'tollhouse_auditor', 'tollhouse_monitor'
  ];
  v_wrong text;
begin
  select string_agg(said.wrong, '; ')
  into v_wrong
  from (
    select format('there is no role %s', ours.name)
    from unnest(c_ours) as ours (name)
    where to_regrole(ours.name) is null
    union all
    select format('%s is a superuser, bypasses row security or may log in', r.rolname)
    from pg_catalog.pg_roles as r
    where r.rolname = any (c_ours)
      and (r.rolsuper or r.rolbypassrls or r.rolcanlogin)
    union all
    -- What one may do, no other inherits.
    select format('%s is a member of %s', m.member::regrole, m.roleid::regrole)
    from pg_catalog.pg_auth_members as m
    where m.member::regrole::text = any (c_ours)
      and m.roleid::regrole::text = any (c_ours)
    union all
    select format('functions that %s will create are everybody''s', owner.name)
    from unnest(array['tollhouse_owner', 'tollhouse_engine']) as owner (name)
    where not exists (
      select from pg_catalog.pg_default_acl as d
      where d.defaclrole = to_regrole(owner.name)
        and d.defaclnamespace = 0
        and d.defaclobjtype = 'f'
        and not exists (select from aclexplode(d.defaclacl) as a where a.grantee = 0)
    )
  ) as said (wrong);
  if v_wrong is not null then
    raise exception using errcode = 'P0004', message = v_wrong;
  end if;
end
$$;

rollback;
