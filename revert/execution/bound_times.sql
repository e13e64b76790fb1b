-- Revert tollhouse:execution/bound_times from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.bound_times(timestamptz);

commit;
