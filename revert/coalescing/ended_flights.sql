-- Revert tollhouse:coalescing/ended_flights from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.ended_flights;

commit;
