-- Revert tollhouse:budget/stands_in_line from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.stands_in_line(text, text, uuid[]);

commit;
