begin;
select plan(2);

\ir scene.psql

select pg_temp.ask('r1');
select pg_temp.claimed();
select tollhouse_worker.deregister('00000000-0000-0000-0000-000000000001');
select results_eq('select state, error_code from tollhouse_private.jobs', $$values ('scheduled', 'abandoned')$$, 'what a worker still held when it left is retried at once');
select lives_ok($$select tollhouse_worker.deregister('00000000-0000-0000-0000-000000000001')$$, 'leaving twice is no error');

select * from finish();
rollback;
