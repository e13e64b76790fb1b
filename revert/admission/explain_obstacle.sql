-- Revert tollhouse:admission/explain_obstacle from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.explain_obstacle(tollhouse_private.jobs, timestamptz);

commit;
