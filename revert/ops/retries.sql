-- Revert tollhouse:ops/retries from pg

begin;
set local role tollhouse_owner;

drop view tollhouse.retries;

commit;
