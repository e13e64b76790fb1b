-- Revert tollhouse:breaker/observe from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.observe_providers(tollhouse_private.settlement[], timestamptz);
drop function tollhouse_private.fails_everybody(tollhouse_private.providers, timestamptz);
drop function tollhouse_private.observe_users(tollhouse_private.settlement[], timestamptz);

commit;
