begin;
select plan(6);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.hourly_spend')$$,
  array[
    'tenant_id text not null',
    'user_id text not null default ''''::text',
    'hour timestamp with time zone not null',
    'calls bigint not null default 0',
    'spent_micro_usd bigint not null default 0',
    'tripped_at_micro_usd bigint not null default 0'
  ],
  'hourly_spend has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.hourly_spend')$$,
  array[
    'hourly_spend_pkey'
  ],
  'hourly_spend has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'hourly_spend', array['tenant_id', 'user_id', 'hour']::name[], 'hourly_spend: the key');
select indexes_are('tollhouse_private', 'hourly_spend', array['hourly_spend_pkey'], 'hourly_spend has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'hourly_spend: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.hourly_spend'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.hourly_spend')$$,
  array[
    'hourly_spend_all_engine: all for tollhouse_engine',
    'hourly_spend_select_client: select for tollhouse_client',
    'hourly_spend_select_operator: select for tollhouse_auditor, tollhouse_monitor, tollhouse_operator'
  ],
  'hourly_spend has exactly these policies'
);

select * from finish();
rollback;
