-- Revert tollhouse:ops/cache_hit_rate from pg

begin;
set local role tollhouse_owner;

drop view tollhouse.cache_hit_rate;

commit;
