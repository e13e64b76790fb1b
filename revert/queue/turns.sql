-- Revert tollhouse:queue/turns from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.note_turns(text, text[], text[]);

set local role tollhouse_owner;

drop table tollhouse_private.turns;

commit;
