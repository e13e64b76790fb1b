begin;
select plan(3);

\ir money.psql

select results_eq(
  'select tenant_id, endpoint, model, cached, saved_usd, saved_per_call_usd from tollhouse.savings order by endpoint',
  $$values ('acme', 'explanation', 'small', 2::bigint, 1.000000, 0.500000), ('acme', 'route', 'small', 2::bigint, 2.000000, 1.000000)$$,
  'savings: what the hits of the month had cost their first callers; a hit that does not say counts as nothing saved'
);

-- As ann of acme.
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select results_eq('select tenant_id, endpoint, cached, saved_usd from tollhouse.savings', $$values ('acme', 'route', 2::bigint, 2.000000)$$, 'her own hits are counted');
set local tollhouse.tenant_id = '';
select is_empty('select from tollhouse.savings', 'nobody sees nothing');

select * from finish();
rollback;
