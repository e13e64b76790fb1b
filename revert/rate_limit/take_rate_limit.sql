-- Revert tollhouse:rate_limit/take_rate_limit from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.take_rate_limit(tollhouse_private.route[], timestamptz);

commit;
