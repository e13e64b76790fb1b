-- Revert tollhouse:cache/release_flights from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.release_flights(tollhouse_private.settlement[]);

commit;
