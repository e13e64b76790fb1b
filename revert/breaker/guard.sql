-- Revert tollhouse:breaker/guard from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.begin_probes(tollhouse_private.route[]);
drop function tollhouse_private.needless_probes(tollhouse_private.route[], tollhouse_private.route[]);
drop function tollhouse_private.open_breakers(tollhouse_private.work[]);
drop function tollhouse_private.guard_breaker(text, timestamptz, timestamptz);

commit;
