-- Revert tollhouse:queue/oldest_jobs from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.oldest_jobs(text[], uuid[], integer, bigint, integer, bigint);

commit;
