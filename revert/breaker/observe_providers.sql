-- Revert tollhouse:breaker/observe_providers from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.observe_providers(tollhouse_private.settlement[], timestamptz);

commit;
