begin;
select plan(6);

\ir attempts.psql

select results_eq($$select reserved_micro_usd, spent_micro_usd from tollhouse_private.monthly_budgets$$, $$values (528::bigint, 0::bigint), (528, 0)$$, 'a running call holds its highest cost reserved');

-- The month that reserved is the month that pays.
update tollhouse_private.monthly_budgets set month = '2020-01-01';
update tollhouse_private.jobs set budget_month = '2020-01-01';
select pg_temp.record(pg_temp.result_of('r1', 'success'));
select results_eq('select distinct month, reserved_micro_usd, spent_micro_usd from tollhouse_private.monthly_budgets', $$values (date '2020-01-01', 0::bigint, 19::bigint)$$,
  'a call claimed in one month and ended in the next is paid by the first');
select is((select budget_month from tollhouse_private.provider_attempts), date '2020-01-01', 'and its attempt says so');
rollback to running;

-- The hour is booked with it.
select pg_temp.record(pg_temp.result_of('r1', 'server_error', jsonb_build_object('http_status', 503, 'error_code', 'overloaded', 'error_message', repeat('x', 600), 'latency_ms', 12, 'provider_request_id', 'req_1')));
select results_eq($$select user_id, calls, spent_micro_usd from tollhouse_private.hourly_spend order by user_id$$, $$values ('', 1::bigint, 0::bigint), ('ann', 1, 0)$$, 'the hour counts the attempt');
rollback to running;

select throws_ok($$select tollhouse_private.settle(array(select tollhouse_private.work_of(j, j.ctid) from tollhouse_private.jobs as j), '{}', now())$$, 'TH202', null, 'a call without a result can''t be settled');
select throws_ok($$select tollhouse_private.settle(array(select tollhouse_private.work_of(j, j.ctid) from tollhouse_private.jobs as j),
  array(select jsonb_populate_record(null::tollhouse_private.attempt_result, jsonb_build_object('call_id', j.call_id, 'outcome', 'shrug')) from tollhouse_private.jobs as j), now())$$,
  'TH202', null, 'nor one with an outcome that nobody knows');

select * from finish();
rollback;
