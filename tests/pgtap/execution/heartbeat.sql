begin;
select plan(4);

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

select * from finish();
rollback;
