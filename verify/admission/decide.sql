-- Verify tollhouse:admission/decide on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.probe_refused(tollhouse_private.route[], tollhouse_private.verdict[])',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.probe_again(tollhouse_private.work[], tollhouse_private.verdict[], timestamptz, tollhouse_private.route[])',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.decide(tollhouse_private.work[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
