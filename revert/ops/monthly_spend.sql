-- Revert tollhouse:ops/monthly_spend from pg

begin;
set local role tollhouse_owner;

drop view tollhouse.monthly_spend;

commit;
