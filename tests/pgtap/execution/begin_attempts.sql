begin;
select plan(3);

\ir scene.psql
savepoint start;

select pg_temp.ask('r1', 'investigation', '{"messages": [{"role": "user", "content": "why?"}], "max_tokens": 99, "temperature": 0.5}');
select pg_temp.claimed();
select results_eq('select state, worker_id, attempts, provider, model, reserved_micro_usd > 0, budget_month from tollhouse_private.jobs',
  $$select 'running', '00000000-0000-0000-0000-000000000001'::uuid, 1, 'mock', 'small', true, tollhouse_private.budget_month(now())$$, 'an admitted call is the worker''s, with its cost reserved');
rollback to start;

-- The second attempt's number is the fence of record.
select pg_temp.ask('r1');
select pg_temp.claimed();
select pg_temp.record(pg_temp.result_of('r1', 'not_sent'));
select is((select attempt from tollhouse_worker.claim('00000000-0000-0000-0000-000000000001', 10)), 2, 'every claim of a call has a number of its own');
select results_eq('select attempts, unsent from tollhouse_private.jobs', $$values (2, 1)$$, 'also after one that was not sent, which does not count as an attempt');

select * from finish();
rollback;
