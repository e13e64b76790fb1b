-- Revert tollhouse:rate_limit/rate_limits from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.rate_limits;

commit;
