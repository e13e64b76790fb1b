begin;
select plan(3);

\ir money.psql

update tollhouse_private.llm_api_calls set was_coalesced = true
where call_id = (select c.call_id from tollhouse_private.llm_api_calls as c where c.was_cached and c.endpoint = 'explanation' and c.saved_micro_usd > 0 limit 1);
select results_eq(
  'select tenant_id, endpoint, model, cached, cache_saved_usd, coalesced, coalescing_saved_usd, saved_usd from tollhouse.savings order by endpoint',
  $$values ('acme', 'explanation', 'small', 1::bigint, 0.000000, 1::bigint, 1.000000, 1.000000), ('acme', 'route', 'small', 2, 2.000000, 0, 0.000000, 2.000000)$$,
  'savings: what the hits of the month, and the calls that waited for one, had cost their first callers; a hit that does not say counts as nothing saved'
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
