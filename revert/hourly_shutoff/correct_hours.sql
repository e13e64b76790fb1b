-- Revert tollhouse:hourly_shutoff/correct_hours from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.correct_hours(tollhouse_private.settlement[]);

commit;
