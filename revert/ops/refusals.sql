-- Revert tollhouse:ops/refusals from pg

begin;
set local role tollhouse_owner;

drop view tollhouse.refusals;

commit;
