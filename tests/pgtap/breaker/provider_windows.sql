begin;
select plan(2);

select columns_are('tollhouse_private', 'provider_windows', array[
  'provider', 'worker_id', 'window_start', 'calls', 'failures', 'failing_users'
], 'a window counts per provider and worker');
select col_is_pk('tollhouse_private', 'provider_windows', array['provider', 'worker_id'], 'each worker counts in a row of its own');

select * from finish();
rollback;
