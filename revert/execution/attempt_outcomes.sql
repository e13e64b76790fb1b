-- Revert tollhouse:execution/attempt_outcomes from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.attempt_outcomes;

commit;
