-- Revert tollhouse:platform/schemas from pg

begin;

drop schema tollhouse_ops;
drop schema tollhouse_worker;
drop schema tollhouse_private;
drop schema tollhouse;

commit;
