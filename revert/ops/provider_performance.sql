-- Revert tollhouse:ops/provider_performance from pg

begin;
set local role tollhouse_owner;

drop view tollhouse.provider_performance;

commit;
