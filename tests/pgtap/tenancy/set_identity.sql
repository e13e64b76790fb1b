-- A transaction of its own comes first: what it said must be gone in the next.
begin;
do $$ begin perform tollhouse.set_identity('acme', 'ann'); end $$;
commit;

begin;
select plan(20);

select is(
  coalesce(current_setting('tollhouse.tenant_id', true), '') || coalesce(current_setting('tollhouse.user_id', true), ''), '',
  'an identity ends with its transaction'
);
set local role tollhouse_client;
select lives_ok($$select tollhouse.set_identity('acme', 'ann')$$, 'a client says who it is');
select is(current_setting('tollhouse.tenant_id') || '/' || current_setting('tollhouse.user_id'), 'acme/ann', 'both settings are made');
select throws_ok(format('select tollhouse.set_identity(%L, %L)', v.tenant_id, v.user_id), 'TH002', 'malformed identity',
  format('tenant %s, user %s is refused with TH002', to_json(v.tenant_id), to_json(v.user_id)))
from (values
  (null, 'ann'), ('acme', null), (null, null), ('', 'ann'), ('acme', ''), ('acme corp', 'ann'), ('acme', e'ann\n'),
  ('*', 'ann'), ('acme', '.'), (repeat('x', 129), 'ann')
) as v (tenant_id, user_id);
select is(
  current_setting('tollhouse.tenant_id') || '/' || current_setting('tollhouse.user_id'), 'acme/ann',
  'a refused identity leaves the one before it'
);
select lives_ok($$select tollhouse.set_identity('globex', 'bob')$$, 'a trusted login may change whom it acts for');
reset role;

create role tollhouse_test_tenant login in role tollhouse_client;
create role tollhouse_test_user login in role tollhouse_client;
insert into tollhouse_private.login_bindings (login, tenant_id, user_id)
values ('tollhouse_test_tenant', 'acme', null), ('tollhouse_test_user', 'acme', 'ann');

set local session authorization tollhouse_test_tenant;
select lives_ok($$select tollhouse.set_identity('acme', 'bob')$$, 'a login bound to a tenant may be any user of it');
select throws_ok($$select tollhouse.set_identity('globex', 'bob')$$, 'TH003', null, 'but nobody of another tenant');
set local session authorization tollhouse_test_user;
select lives_ok($$select tollhouse.set_identity('acme', 'ann')$$, 'a login bound to a user may say so');
select throws_ok($$select tollhouse.set_identity('acme', 'bob')$$, 'TH003', null, 'and be nobody else');
set local session authorization default;

set local role tollhouse_operator;
select throws_ok($$select tollhouse.set_identity('acme', 'ann')$$, '42501', null, 'an operator acts for nobody');
reset role;

select * from finish();
rollback;
