begin;
select plan(2);

select columns_are('tollhouse_private', 'provider_windows', array[
  'provider', 'worker_id', 'tenant_id', 'window_start', 'calls', 'failures', 'failing_users'
], 'a window counts per provider, worker and tenant');
select col_is_pk('tollhouse_private', 'provider_windows', array['provider', 'worker_id', 'tenant_id'], 'each worker counts in rows of its own');

select * from finish();
rollback;
