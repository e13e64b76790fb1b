-- Revert tollhouse:breaker/breakers from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.breakers;

commit;
