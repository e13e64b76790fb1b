-- Revert tollhouse:rate_limit/guard from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.take_rate_limit(tollhouse_private.route[], timestamptz);
drop function tollhouse_private.guard_rate_limit(tollhouse_private.route[], timestamptz, tollhouse_private.route[]);
drop function tollhouse_private.rate_limit_waits(text, tollhouse_private.route[], uuid[], timestamptz);
drop function tollhouse_private.rate_limits_of(tollhouse_private.route[], timestamptz);

commit;
