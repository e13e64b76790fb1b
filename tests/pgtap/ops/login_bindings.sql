begin;
select plan(27);

-- drop_bindings
savepoint apart;
create role th_pgtap_login login;
create role th_pgtap_other login;
insert into tollhouse_private.login_bindings (login, login_oid, tenant_id)
values
  ('th_pgtap_login', 'th_pgtap_login'::regrole, 'own'), ('earlier', 'th_pgtap_login'::regrole, 'earlier'), ('th_pgtap_login', 0, 'named'),
  ('th_pgtap_login', 'th_pgtap_other'::regrole, 'other'), ('th_pgtap_other', 0, 'other');

select is(tollhouse_private.drop_bindings('nobody'), null, 'where nothing is bound nothing is dropped');
select is(tollhouse_private.drop_bindings(null), null, 'null is nobody');
select is((select count(*) from tollhouse_private.login_bindings), 5::bigint, 'and everything is there');
select ok(tollhouse_private.drop_bindings('th_pgtap_login') ->> 'tenant_id' in ('own', 'earlier'), 'what bound a login is told');
select is((select string_agg(tenant_id, ' ') from tollhouse_private.login_bindings), 'other other', 'and dropped, under any name; what binds another role that had the name is not');
select is(tollhouse_private.drop_bindings('th_pgtap_login'), null, 'once');
rollback to apart;

-- bind_login
savepoint apart;
\ir scene.psql
create role th_pgtap_login login;
create role th_pgtap_group nologin;
select is(pg_temp.leaves($$bind_login('th_pgtap_login', 'acme', 'shop', 'ann')$$), 1::bigint, 'a login is bound, and it is audited');
select results_eq('select login, tenant_id::text, user_id::text, reads_all_users from tollhouse_private.login_bindings', $$values ('th_pgtap_login'::name, 'acme', 'ann', false)$$, 'to one tenant and one user');
select pg_temp.leaves($$bind_login('th_pgtap_login', 'globex', 'moved')$$);
select is(pg_temp.audited(), 'bind_login | {"login": "th_pgtap_login"} | moved | {"login": "th_pgtap_login", "user_id": "ann", "tenant_id": "acme", "reads_all_users": false} | {"login": "th_pgtap_login", "user_id": null, "tenant_id": "globex", "reads_all_users": false}',
  'a change has both on record');
select pg_temp.leaves($$bind_login('th_pgtap_login', 'globex', 'admin', p_reads_all_users => true)$$);
select is((select reads_all_users from tollhouse_private.login_bindings), true, 'a binding can make a tenant''s administrator');
select pg_temp.leaves($$bind_login('th_pgtap_login', 'globex', 'test', p_reads_all_users => null)$$);
select is((select reads_all_users from tollhouse_private.login_bindings), false, 'null never does');
select pg_temp.refuses('TH301', $$bind_login('th_pgtap_login', 'acme', null)$$, 'a binding takes a reason');

select pg_temp.refuses('TH303', $$bind_login('th_pgtap_nobody', 'acme', 'test')$$, 'a login that does not exist is refused');
select pg_temp.refuses('TH303', $$bind_login('th_pgtap_group', 'acme', 'test')$$, 'so is a role that can''t log in: nothing would be bound');
select pg_temp.refuses('TH303', $$bind_login(null, 'acme', 'test')$$, 'and none');
select pg_temp.refuses('TH303', $$bind_login('th_pgtap_login', 'a b', 'test')$$, 'a malformed tenant is refused');
select pg_temp.refuses('TH303', $$bind_login('th_pgtap_login', 'acme', 'test', 'a b')$$, 'a malformed user too');
select pg_temp.refuses('TH303', $$bind_login('th_pgtap_login', 'acme', 'test', null)$$, 'and a null one, which is not taken for every user');
rollback to apart;

-- unbind_login
\ir scene.psql
create role th_pgtap_login login;
select pg_temp.leaves($$bind_login('th_pgtap_login', 'globex', 'shop')$$);
select pg_temp.refuses('TH301', $$unbind_login('th_pgtap_login', '')$$, 'to unbind a login takes a reason');
select is((select tenant_id::text from tollhouse_private.login_bindings), 'globex', 'without one nothing changes');
select is(pg_temp.leaves($$unbind_login('th_pgtap_login', 'gone')$$), 1::bigint, 'a login is unbound, and it is audited');
select is(tollhouse_ops.unbind_login('th_pgtap_login', 'again'), false, 'once');

create role th_pgtap_twin login;
select pg_temp.leaves($$bind_login('th_pgtap_login', 'globex', 'shop')$$);
alter role th_pgtap_login rename to th_pgtap_renamed;
alter role th_pgtap_twin rename to th_pgtap_login;
select pg_temp.leaves($$bind_login('th_pgtap_login', 'acme', 'new')$$);
select is(tollhouse_ops.unbind_login('th_pgtap_login', 'gone'), true, 'of two logins that have had one name');
select is((select string_agg(tenant_id, ',') from tollhouse_private.login_bindings), 'globex', 'the one that has it is unbound');
select pg_temp.leaves($$bind_login('th_pgtap_renamed', 'initech', 'moved')$$);
select results_eq('select login, tenant_id::text from tollhouse_private.login_bindings', $$values ('th_pgtap_renamed'::name, 'initech')$$, 'a renamed one is bound anew under its new name, once');
drop role th_pgtap_renamed;
select is(tollhouse_ops.unbind_login('th_pgtap_renamed', 'gone'), true, 'one that exists no more is unbound too');
select is_empty('select from tollhouse_private.login_bindings', 'and nothing is left');

select * from finish();
rollback;
