-- Revert tollhouse:ops/spend from pg

begin;
set local role tollhouse_owner;

drop view tollhouse.savings;
drop view tollhouse.cache_hit_rate;
drop view tollhouse.budget_burn;
drop view tollhouse.monthly_spend;

commit;
