-- Revert tollhouse:cache/cache_flights from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.cache_flights;

commit;
