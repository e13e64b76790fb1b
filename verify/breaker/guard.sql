-- Verify tollhouse:breaker/guard on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.guard_breaker(text, timestamptz, timestamptz)',
  'tollhouse_engine', 'unpinned', '{tollhouse_owner}'
);
select tollhouse_private.verify_function('tollhouse_private.open_breakers(tollhouse_private.work[])', 'tollhouse_engine', 'invoker', '{}');
select tollhouse_private.verify_function(
  'tollhouse_private.needless_probes(tollhouse_private.route[], tollhouse_private.route[])',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function('tollhouse_private.begin_probes(tollhouse_private.route[])', 'tollhouse_engine', 'invoker', '{}');

rollback;
