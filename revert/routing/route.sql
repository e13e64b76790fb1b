-- Revert tollhouse:routing/route from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.route_jobs(tollhouse_private.jobs[], timestamptz);
drop function tollhouse_private.breaker_gate(text, timestamptz, timestamptz);

commit;
