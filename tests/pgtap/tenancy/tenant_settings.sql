begin;
select plan(11);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.tenant_settings')$$,
  array[
    'tenant_id tollhouse_private.identifier not null',
    'capture_policy text not null default ''full''::text'
  ],
  'tenant_settings has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.tenant_settings')$$,
  array[
    'tenant_settings_capture_policy_check',
    'tenant_settings_pkey'
  ],
  'tenant_settings has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'tenant_settings', array['tenant_id']::name[], 'tenant_settings: the key');
select indexes_are('tollhouse_private', 'tenant_settings', array['tenant_settings_pkey'], 'tenant_settings has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'tenant_settings: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.tenant_settings'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.tenant_settings')$$,
  array[
    'tenant_settings_all_engine: all for tollhouse_engine',
    'tenant_settings_select_operator: select for tollhouse_auditor, tollhouse_operator',
    'tenant_settings_select_owner: select for tollhouse_owner'
  ],
  'tenant_settings has exactly these policies'
);
select lives_ok(
  $$insert into tollhouse_private.tenant_settings values ('t-full', 'full'), ('t-metadata', 'metadata'), ('t-none', 'none')$$,
  'a policy is full, metadata or none'
);
select throws_ok($$insert into tollhouse_private.tenant_settings values ('t', 'some')$$, '23514', null, 'and nothing else');
select throws_ok($$insert into tollhouse_private.tenant_settings values ('t t', 'full')$$, '23514', null, 'of a well-formed tenant');

set local role tollhouse_owner;
select is_empty('select from tollhouse_private.tenant_settings', 'client functions see no tenant''s settings without an identity');
set local tollhouse.tenant_id = 't-none';
set local tollhouse.user_id = 'ann';
select results_eq(
  'select tenant_id::text from tollhouse_private.tenant_settings', array['t-none'], 'and with one, that tenant''s only');
reset role;

select * from finish();
rollback;
