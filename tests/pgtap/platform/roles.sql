begin;
select plan(4);

select results_eq(
  $$
    select r.rolname::text collate "default", r.rolcanlogin, r.rolsuper, r.rolbypassrls, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolreplication
    from pg_roles as r
    where r.rolname like 'tollhouse\_%'
    order by r.rolname
  $$,
  $$
    values
      ('tollhouse_auditor', false, false, false, false, false, false, false),
      ('tollhouse_client', false, false, false, false, false, false, false),
      ('tollhouse_engine', false, false, false, false, false, false, false),
      ('tollhouse_monitor', false, false, false, false, false, false, false),
      ('tollhouse_operator', false, false, false, false, false, false, false),
      ('tollhouse_owner', false, false, false, false, false, false, false),
      ('tollhouse_worker', false, false, false, false, false, false, false)
  $$,
  'there are seven roles; none logs in, is a superuser, passes by row-level security or inherits'
);
select is_empty(
  $$
    select m.roleid::regrole, m.member::regrole
    from pg_auth_members as m
    join pg_roles as r on r.oid = m.member
    where r.rolname like 'tollhouse\_%'
  $$,
  'no role of ours is a member of any other'
);

create function pg_temp.public_executes(p_owner name) returns boolean language plpgsql as $$
begin
  execute format('set local role %I', p_owner);
  create function tollhouse_private.made_just_now() returns integer language sql return 1;
  reset role;
  return (
    select coalesce(bool_or(a.grantee = 0), p.proacl is null)
    from pg_proc as p left join lateral aclexplode(p.proacl) as a on true
    where p.oid = to_regprocedure('tollhouse_private.made_just_now()')
    group by p.proacl
  );
end
$$;
select ok(not pg_temp.public_executes('tollhouse_owner'), 'a function that the owner makes tomorrow is not everybody''s');
drop function tollhouse_private.made_just_now();
select ok(not pg_temp.public_executes('tollhouse_engine'), 'a function that the engine makes tomorrow is not everybody''s');

select * from finish();
rollback;
