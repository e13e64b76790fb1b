begin;
select plan(6);

\ir scene.psql

select is(tollhouse_worker.set_idle('00000000-0000-0000-0000-000000000001', true), null, 'with nothing scheduled there is no time to wake at');
select is((select idle from tollhouse_private.workers), true, 'the worker sleeps until it is woken');
select tollhouse.enqueue('route', '{"prompt": "a"}', 'far', p_run_at => clock_timestamp() + interval '25 hours');
select is(tollhouse_worker.set_idle('00000000-0000-0000-0000-000000000001', true), null, 'what is due in more than a day is not worth a time');
select tollhouse.enqueue('route', '{"prompt": "b"}', 'near', p_run_at => clock_timestamp() + interval '1 hour');
select ok(tollhouse_worker.set_idle('00000000-0000-0000-0000-000000000001', true) between 3500000 and 3600000, 'else it is told how long it may sleep');
update tollhouse_private.jobs set run_at = clock_timestamp() - interval '1 second';
select is(tollhouse_worker.set_idle('00000000-0000-0000-0000-000000000001', false), 0, 'not at all, when a call is due');
select is((select idle from tollhouse_private.workers), false, 'and says when it is awake');

select * from finish();
rollback;
