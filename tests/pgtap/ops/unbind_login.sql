begin;
select plan(4);

\ir scene.psql
create role th_pgtap_login login;
select pg_temp.leaves($$bind_login('th_pgtap_login', 'globex', 'shop')$$);
select pg_temp.refuses('TH301', $$unbind_login('th_pgtap_login', '')$$, 'to unbind a login takes a reason');
select is((select tenant_id::text from tollhouse_private.login_bindings), 'globex', 'without one nothing changes');
select is(pg_temp.leaves($$unbind_login('th_pgtap_login', 'gone')$$), 1::bigint, 'a login is unbound, and it is audited');
select is(tollhouse_ops.unbind_login('th_pgtap_login', 'again'), false, 'once');

select * from finish();
rollback;
