begin;
select plan(8);

\ir scene.psql

select results_eq($$select lease_ms, heartbeat_ms from tollhouse_worker.register('00000000-0000-0000-0000-000000000002', 'two', 5, '1.0')$$, $$values (15000, 5000)$$, 'a worker is told how long its lease lasts and when to renew it');
select ok((select alive_until between now() + interval '15 seconds' and clock_timestamp() + interval '15 seconds' and not idle and in_flight = 0 from tollhouse_private.workers where name = 'two'), 'it is alive for that long');
select throws_ok($$select tollhouse_worker.register('00000000-0000-0000-0000-000000000002', 'two', 5, '1.0')$$, 'TH203', 'worker id taken', 'no id is registered twice');
select throws_ok($$select tollhouse_worker.register('00000000-0000-0000-0000-000000000003', 'three', 0, '1.0')$$, 'TH203', 'bad registration', 'a worker has room for a call');
select throws_ok($$select tollhouse_worker.register(null, 'three', 5, '1.0')$$, 'TH203', 'bad registration', 'an id');
select throws_ok($$select tollhouse_worker.register('00000000-0000-0000-0000-000000000003', e'\u200b', 5, '1.0')$$, 'TH203', 'bad registration', 'a name that can be read');
select throws_ok($$select tollhouse_worker.register('00000000-0000-0000-0000-000000000003', 'three', 5, null)$$, 'TH203', 'bad registration', 'and a version');

-- Months without a worker: the one that comes needs partitions for what it will record.
update tollhouse_private.settings set months_ahead = 24;
select tollhouse_worker.register('00000000-0000-0000-0000-000000000004', 'four', 5, '1.0');
select is(
  (select count(*) from pg_class as c where c.relispartition and c.relkind = 'r' and c.relnamespace = 'tollhouse_private'::regnamespace),
  3 * 25::bigint, 'with a worker there are the months that it will write to'
);

select * from finish();
rollback;
