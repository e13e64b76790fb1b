-- Revert tollhouse:breaker/begin_probes from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.begin_probes(tollhouse_private.route[]);

commit;
