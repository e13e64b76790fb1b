-- Revert tollhouse:breaker/observe_users from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.observe_users(tollhouse_private.settlement[], timestamptz);

commit;
