-- Revert tollhouse:rate_limit/rate_limit_waits from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.rate_limit_waits(text, tollhouse_private.route[], uuid[], timestamptz);

commit;
