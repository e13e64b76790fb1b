-- Verify tollhouse:routing/route_jobs on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.choose_models(tollhouse_private.work[], timestamptz, tollhouse_private.breakers[], tollhouse_private.provider_breakers[], boolean)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.route_jobs(tollhouse_private.work[], timestamptz, tollhouse_private.route[])',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
