-- Revert tollhouse:rate_limit/guard from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.guard_rate_limit(tollhouse_private.route[], timestamptz, tollhouse_private.route[]);

commit;
