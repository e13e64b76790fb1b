-- Revert tollhouse:hourly_shutoff/hourly_spend from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.hourly_spend;

commit;
