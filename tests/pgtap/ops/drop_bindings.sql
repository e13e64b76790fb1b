begin;
select plan(6);

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

select * from finish();
rollback;
