begin;
select plan(6);

create role tollhouse_test_free login in role tollhouse_client;
create role tollhouse_test_admin login in role tollhouse_client;
insert into tollhouse_private.login_bindings (login, tenant_id, user_id, reads_all_users)
values ('tollhouse_test_admin', 'acme', null, true);

-- As the superuser inside, but session_user stays who it is outside.
create function pg_temp.parts(p_tenant_id text, p_user_id text) returns text language plpgsql security definer as $$
begin
  perform set_config('tollhouse.tenant_id', p_tenant_id, true), set_config('tollhouse.user_id', p_user_id, true);
  return concat_ws('/',
    coalesce(tollhouse_private.current_tenant_id(), '-'), coalesce(tollhouse_private.current_user_id(), '-'),
    tollhouse_private.reads_all_users());
end
$$;

set local session authorization tollhouse_test_free;
select is(pg_temp.parts('acme', 'ann'), 'acme/ann/f', 'the three functions of the policies say who is asking');
select is(pg_temp.parts('acme', ''), '-/-/f', 'and that nobody is');
set local session authorization tollhouse_test_admin;
select is(pg_temp.parts('globex', ''), 'acme/-/t', 'an administrator need not be a user');
select is(pg_temp.parts('globex', 'bob'), 'acme/bob/t', 'but may');
set local session authorization default;

-- Where a query plans them they are gone: what its policy costs is identity().
set local role tollhouse_owner;
create function pg_temp.plan_of(p_query text) returns text language plpgsql as $$
declare
  v_plan json;
begin
  execute 'explain (verbose, format json) ' || p_query into v_plan;
  return v_plan::text;
end
$$;
select ok(pg_temp.plan_of('select from tollhouse_private.jobs') !~ 'current_tenant_id', 'a query has their bodies in it');
select ok(pg_temp.plan_of('select from tollhouse_private.jobs') ~ 'identity\(\)\)\.tenant_id', 'which ask identity()');
reset role;

select * from finish();
rollback;
