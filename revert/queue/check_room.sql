-- Revert tollhouse:queue/check_room from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.check_room(text, bigint);

commit;
