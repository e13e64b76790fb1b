-- Revert tollhouse:ops/attempts from pg

begin;
set local role tollhouse_owner;

drop view tollhouse.retries;
drop view tollhouse.provider_performance;

commit;
