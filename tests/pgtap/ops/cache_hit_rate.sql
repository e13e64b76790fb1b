begin;
select plan(4);

\ir money.psql

select results_eq(
  'select day, tenant_id, endpoint, answers, cached, hit_percent from tollhouse.cache_hit_rate where tenant_id <> ''edges'' order by tenant_id, endpoint',
  $$values ((now() at time zone 'UTC')::date, 'acme', 'explanation', 2::bigint, 2::bigint, 100.0),
    ((now() at time zone 'UTC')::date, 'acme', 'route', 6::bigint, 2::bigint, 33.3), ((now() at time zone 'UTC')::date, 'globex', 'route', 1::bigint, 0::bigint, 0.0)$$,
  'cache_hit_rate: answers of the last seven days; what failed is none'
);
select results_eq(
  $$select day - (now() at time zone 'UTC')::date, answers from tollhouse.cache_hit_rate where tenant_id = 'edges' order by day desc$$,
  $$values (0, 1::bigint), (-1, 2::bigint), (-6, 1::bigint)$$,
  'a day is one of UTC, from its first instant to the last before the next; seven days ago is no more counted'
);

-- As ann of acme.
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select results_eq('select tenant_id, endpoint, answers, cached from tollhouse.cache_hit_rate', $$values ('acme', 'route', 5::bigint, 2::bigint)$$, 'her own answers are counted');
set local tollhouse.tenant_id = '';
select is_empty('select from tollhouse.cache_hit_rate', 'nobody sees nothing');

select * from finish();
rollback;
