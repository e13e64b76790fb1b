begin;
select plan(9);

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
