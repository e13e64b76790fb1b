-- Revert tollhouse:breaker/fails_everybody from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.fails_everybody(tollhouse_private.providers, timestamptz);

commit;
