-- Verify tollhouse:hourly_shutoff/guard on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.guard_hourly_shutoff(tollhouse_private.work[], timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
