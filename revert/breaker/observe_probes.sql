-- Revert tollhouse:breaker/observe_probes from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.observe_probes(tollhouse_private.settlement[], timestamptz);

commit;
