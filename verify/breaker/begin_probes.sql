-- Verify tollhouse:breaker/begin_probes on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.begin_probes(tollhouse_private.route[])', 'tollhouse_engine', 'invoker', '{}');

rollback;
