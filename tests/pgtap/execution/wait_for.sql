begin;
select plan(9);

\ir scene.psql
select pg_temp.ask('r1') as call_id into temporary table asked;
select pg_temp.claimed();

select throws_ok('select tollhouse.wait_for((select call_id from asked))', 'TH110', null, 'a call that is not committed can''t be waited for');
select throws_ok($$select tollhouse.wait_for((select e.call_id from tollhouse.enqueue_many('[{"endpoint": "route", "request": {"prompt": "many"}}]') as e))$$, 'TH110', null, 'nor one of a batch');
savepoint nested;
select pg_temp.ask('r2') as call_id into temporary table nested;
release nested;
select throws_ok('select tollhouse.wait_for((select call_id from nested))', 'TH110', null, 'nor one that a savepoint wrote');
select is_empty($$select tollhouse.wait_for('00000000-0000-0000-0000-000000000000')$$, 'a call that never was is not waited for');
select tollhouse.cancel((select call_id from asked));
select pg_temp.record(pg_temp.result_of('r1', 'cancelled', '{"sent": false}'));
select is((select status from tollhouse.wait_for((select call_id from asked))), 'cancelled', 'one that is over is there at once');
select is((select status from tollhouse.wait_for((select call_id from asked), v.timeout::interval)), 'cancelled', format('%s is a time-out, if an odd one', v.timeout))
from (values ('-178000000 years'), ('178000000 years'), ('-1 second')) as v (timeout);
select set_config('tollhouse.tenant_id', '', true);
select throws_ok('select tollhouse.wait_for((select call_id from asked))', 'TH001', null, 'nobody waits for nothing');

select * from finish();
rollback;
