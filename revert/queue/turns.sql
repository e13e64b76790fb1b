-- Revert tollhouse:queue/turns from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.turns;

commit;
