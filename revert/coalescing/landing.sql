-- Revert tollhouse:coalescing/landing from pg

begin;

drop function tollhouse_private.release_flights(tollhouse_private.settlement[]);
drop function tollhouse_private.store_answers(tollhouse_private.settlement[], timestamptz);
drop function tollhouse_private.land(uuid[], text[], bytea[], tid[]);

commit;
