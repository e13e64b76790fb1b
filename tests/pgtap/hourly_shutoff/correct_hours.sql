begin;
select plan(3);

-- An attempt of ann's, given up at half past eleven and charged 100; its result shows 30.
insert into tollhouse_private.provider_attempts (
  tenant_id, call_id, attempt, late, created_at, started_at, finished_at, user_id, endpoint, provider, model, worker_id, outcome, sent,
  cost_micro_usd, cost_basis, budget_month)
select 'acme', '00000000-0000-0000-0000-000000000001', 1, v.late, now(), now(), now() - v.ago, 'ann', 'route', 'mock', 'small',
  gen_random_uuid(), v.outcome, true, v.cost, 'reservation', '2030-01-01'
from (values (false, interval '3 hours', 'abandoned', 100), (true, interval '0', 'success', -70)) as v (late, ago, outcome, cost);
insert into tollhouse_private.hourly_spend (tenant_id, user_id, hour, calls, spent_micro_usd)
select 'acme', u, date_trunc('hour', now() - interval '3 hours', 'UTC'), 1, 100 from unnest(array['', 'ann']) as u;
insert into tollhouse_private.hourly_shutoffs (tenant_id, user_id, threshold_micro_usd) values ('acme', 'ann', 1);

select tollhouse_private.correct_hours(array[row(
  jsonb_populate_record(null::tollhouse_private.jobs, jsonb_build_object(
    'tenant_id', 'acme', 'user_id', 'ann', 'call_id', '00000000-0000-0000-0000-000000000001', 'attempts', 1, 'created_at', now())),
  null, null, null, false, false, 'ignored', -70, 'usage', null
)::tollhouse_private.settlement]);
select results_eq('select user_id, calls, spent_micro_usd from tollhouse_private.hourly_spend order by user_id',
  $$values ('', 1::bigint, 30::bigint), ('ann', 1, 30)$$, 'the hour that was charged is corrected, the user''s and the tenant''s, and no call is counted');
select is((select count(distinct hour) from tollhouse_private.hourly_spend), 1::bigint, 'no other hour is');
select is((select disabled_until from tollhouse_private.hourly_shutoffs), null, 'and nobody is shut off for an hour that is over');

select * from finish();
rollback;
