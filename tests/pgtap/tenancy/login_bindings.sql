begin;
select plan(9);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.login_bindings')$$,
  array[
    'login name not null',
    'login_oid oid not null default 0',
    'tenant_id tollhouse_private.identifier not null',
    'user_id tollhouse_private.identifier',
    'reads_all_users boolean not null default false'
  ],
  'login_bindings has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.login_bindings')$$,
  array[
    'login_bindings_pkey'
  ],
  'login_bindings has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'login_bindings', array['login', 'login_oid']::name[], 'login_bindings: the key');
select indexes_are('tollhouse_private', 'login_bindings', array['login_bindings_pkey', 'login_bindings_login_oid_idx'], 'login_bindings has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'login_bindings: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.login_bindings'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.login_bindings')$$,
  array[
    'login_bindings_all_engine: all for tollhouse_engine',
    'login_bindings_select_operator: select for tollhouse_auditor, tollhouse_operator'
  ],
  'login_bindings has exactly these policies'
);

insert into tollhouse_private.login_bindings (login, tenant_id) values ('some_login', 'acme');
set local role tollhouse_owner;
select is_empty('select from tollhouse_private.login_bindings', 'not even a client function, which runs as the owner, reads a binding');
select throws_ok(
  $$insert into tollhouse_private.login_bindings (login, tenant_id) values ('mine', 'globex')$$,
  '42501', null, 'nor writes one'
);
set local role tollhouse_engine;
select isnt_empty('select from tollhouse_private.login_bindings', 'the engine, which decides the identity, reads it');
reset role;

select * from finish();
rollback;
