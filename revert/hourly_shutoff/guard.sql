-- Revert tollhouse:hourly_shutoff/guard from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.guard_hourly_shutoff(tollhouse_private.work[], timestamptz);

commit;
