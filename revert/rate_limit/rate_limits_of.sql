-- Revert tollhouse:rate_limit/rate_limits_of from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.rate_limits_of(tollhouse_private.route[], timestamptz);

commit;
