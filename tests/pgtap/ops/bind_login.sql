begin;
select plan(12);

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

select * from finish();
rollback;
