-- Revert tollhouse:cache/response_cache from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.response_cache;

commit;
