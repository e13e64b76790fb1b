begin;
select plan(4);

\ir scene.psql

select results_eq($$select lease_ms, heartbeat_ms from tollhouse_worker.register('00000000-0000-0000-0000-000000000002', 'two', 5, '1.0')$$, $$values (15000, 5000)$$, 'a worker is told how long its lease lasts and when to renew it');
select ok((select alive_until = now() + interval '15 seconds' and not idle and in_flight = 0 from tollhouse_private.workers where name = 'two'), 'it is alive for that long');
select throws_ok($$select tollhouse_worker.register('00000000-0000-0000-0000-000000000002', 'two', 5, '1.0')$$, '23505', null, 'no id is registered twice');
select throws_ok($$select tollhouse_worker.register('00000000-0000-0000-0000-000000000003', 'three', 0, '1.0')$$, '23514', null, 'a worker has room for a call');

select * from finish();
rollback;
