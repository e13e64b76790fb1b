-- Revert tollhouse:explain/waiting from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.explain_waiting(tollhouse_private.jobs, timestamptz);
drop function tollhouse_private.explain_line(tollhouse_private.jobs, bigint, timestamptz);
drop function tollhouse_private.explain_obstacle(tollhouse_private.jobs, timestamptz);

commit;
