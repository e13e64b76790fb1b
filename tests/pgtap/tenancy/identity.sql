begin;
select plan(37);

create role tollhouse_test_free login in role tollhouse_client;
create role tollhouse_test_tenant login in role tollhouse_client;
create role tollhouse_test_user login in role tollhouse_client;
create role tollhouse_test_admin login in role tollhouse_client;
insert into tollhouse_private.login_bindings (login, tenant_id, user_id, reads_all_users)
values
  ('tollhouse_test_tenant', 'acme', null, false),
  ('tollhouse_test_user', 'acme', 'ann', false),
  ('tollhouse_test_admin', 'acme', null, true);

-- As the superuser inside, but session_user stays who it is outside.
create function pg_temp.who(p_tenant_id text, p_user_id text) returns text language plpgsql security definer as $$
begin
  perform set_config('tollhouse.tenant_id', p_tenant_id, true), set_config('tollhouse.user_id', p_user_id, true);
  return (
    select concat_ws('/', coalesce(i.tenant_id, '-'), coalesce(i.user_id, '-'), i.reads_all_users)
    from tollhouse_private.identity() as i
  );
end
$$;

select is(
  (select concat_ws('/', coalesce(i.tenant_id, '-'), coalesce(i.user_id, '-'), i.reads_all_users) from tollhouse_private.identity() as i),
  '-/-/f', 'nobody has said anything: no identity'
);

set local session authorization tollhouse_test_free;
select is(pg_temp.who('acme', 'ann'), 'acme/ann/f', 'a login without a binding is whom its settings name');
select is(pg_temp.who('acme', ''), '-/-/f', 'a tenant without a user is nobody');
select is(pg_temp.who('', 'ann'), '-/-/f', 'a user without a tenant is nobody');
select is(pg_temp.who('', ''), '-/-/f', 'empty settings, as a finished transaction leaves them, are nobody');
select is(pg_temp.who(v.tenant_id, v.user_id), '-/-/f', format('malformed is nobody: tenant %s, user %s', to_json(v.tenant_id), to_json(v.user_id)))
from (values
  ('acme corp', 'ann'), ('acme', 'ann lee'), (e'acme\n', 'ann'), ('acme', e'ann\n'), ('*', 'ann'), ('acme', '%'),
  ('-acme', 'ann'), (repeat('x', 129), 'ann'), ('acme', repeat('x', 129)), ('äcme', 'ann'), ('acme'' or true --', 'ann')
) as v (tenant_id, user_id);
select is(pg_temp.who(repeat('x', 128), repeat('y', 128)), repeat('x', 128) || '/' || repeat('y', 128) || '/f', 'a name of 128 characters is whole');
select is(pg_temp.who('tollhouse_test_admin', 'ann'), 'tollhouse_test_admin/ann/f', 'no setting makes an administrator');

set local session authorization tollhouse_test_tenant;
select is(pg_temp.who('globex', 'ann'), 'acme/ann/f', 'a login bound to a tenant stays in it, whatever the settings say');
select is(pg_temp.who('', 'bob'), 'acme/bob/f', 'it says which user of the tenant it is');
select is(pg_temp.who('globex', ''), '-/-/f', 'and is nobody until it does');
select is(pg_temp.who('acme', 'a b'), '-/-/f', 'or when it says it malformed');

set local session authorization tollhouse_test_user;
select is(pg_temp.who('globex', 'bob'), 'acme/ann/f', 'a login bound to a user is that user, whatever the settings say');
select is(pg_temp.who('', ''), 'acme/ann/f', 'and needs no settings');
select is(pg_temp.who('a b', 'a b'), 'acme/ann/f', 'malformed settings change nothing for it');
set local role tollhouse_client;
select is(pg_temp.who('globex', 'bob'), 'acme/ann/f', 'a set role does not shake off the binding');

set local session authorization tollhouse_test_admin;
select is(pg_temp.who('globex', 'bob'), 'acme/bob/t', 'a tenant''s administrator reads all its users, and no other tenant');
select is(pg_temp.who('', ''), 'acme/-/t', 'it need not be a user');
select is(pg_temp.who('', 'a b'), 'acme/-/t', 'a malformed user makes it none');

set local session authorization default;
delete from tollhouse_private.login_bindings;
set local session authorization tollhouse_test_user;
select is(pg_temp.who('globex', 'bob'), 'globex/bob/f', 'a binding that is gone binds no more, from the next statement on');

set local session authorization default;
-- A binding holds the role, whatever it is called, and the name, whoever has it.
delete from tollhouse_private.login_bindings;
select tollhouse_ops.bind_login('tollhouse_test_user', 'acme', 'test', 'ann');
alter role tollhouse_test_user rename to tollhouse_test_renamed;
set local session authorization tollhouse_test_renamed;
select is(pg_temp.who('globex', 'bob'), 'acme/ann/f', 'a login that is renamed stays bound');
set local session authorization default;
create role tollhouse_test_user login in role tollhouse_client;
set local session authorization tollhouse_test_user;
select is(pg_temp.who('globex', 'bob'), 'acme/ann/f', 'a new login under a name that was bound is bound as well');
set local session authorization default;
select tollhouse_ops.bind_login('tollhouse_test_user', 'acme', 'test', 'bob');
set local session authorization tollhouse_test_user;
select is(pg_temp.who('globex', 'eve'), 'acme/bob/f', 'until it has a binding of its own');
set local session authorization tollhouse_test_renamed;
select is(pg_temp.who('globex', 'eve'), 'acme/ann/f', 'which takes nothing from the renamed one');
set local session authorization default;
-- As a restored database may have them: one row has the login's name, another one its oid.
delete from tollhouse_private.login_bindings;
insert into tollhouse_private.login_bindings (login, login_oid, tenant_id, user_id)
values ('tollhouse_test_user', 1, 'acme', 'ann'), ('tollhouse_test_gone', 'tollhouse_test_user'::regrole, 'globex', 'bob');
set local session authorization tollhouse_test_user;
select is(pg_temp.who('initech', 'eve'), '-/-/f', 'bound by its name to one and by its oid to another, a login is nobody');
set local session authorization default;
update tollhouse_private.login_bindings set login_oid = 'tollhouse_test_user'::regrole where login_oid = 1;
set local session authorization tollhouse_test_user;
select is(pg_temp.who('initech', 'eve'), 'acme/ann/f', 'what has both is its own');
set local session authorization default;
set local session authorization default;
set local role tollhouse_client;
select throws_ok('select tollhouse_private.identity()', '42501', null, 'a client cannot call what decides its identity');
reset role;

select * from finish();
rollback;
