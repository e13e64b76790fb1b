-- Revert tollhouse:queue/oldest_jobs from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.oldest_jobs(tollhouse_private.turn[], integer, bigint);

set local role tollhouse_owner;
drop type tollhouse_private.turn;

commit;
