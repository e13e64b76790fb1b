begin;
select plan(14);

savepoint register;
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
rollback to register;

savepoint heartbeat;
\ir scene.psql
create function pg_temp.lease_ends()
  returns void
  language sql
as $$
  update tollhouse_private.workers set alive_until = now() - interval '1 microsecond'
$$;

update tollhouse_private.settings set lease = '1 minute';
select is(tollhouse_worker.heartbeat('00000000-0000-0000-0000-000000000001', 7), true, 'a heartbeat renews the lease');
select ok((select alive_until = now() + interval '1 minute' and in_flight = 7 from tollhouse_private.workers where name = 'test'), 'for its whole length, and says how much is in flight');
select pg_temp.lease_ends();
select is(tollhouse_worker.heartbeat('00000000-0000-0000-0000-000000000001', 7), false, 'a lease that is over is not renewed');
select is(tollhouse_worker.heartbeat('00000000-0000-0000-0000-000000000009', 0), false, 'nor one that never was');
rollback to heartbeat;

savepoint deregister;
\ir scene.psql

select pg_temp.ask('r1');
select pg_temp.claimed();
select tollhouse_worker.deregister('00000000-0000-0000-0000-000000000001');
select results_eq('select state, error_code from tollhouse_private.jobs', $$values ('scheduled', 'abandoned')$$, 'what a worker still held when it left is retried at once');
select lives_ok($$select tollhouse_worker.deregister('00000000-0000-0000-0000-000000000001')$$, 'leaving twice is no error');

select * from finish();
rollback;
