-- Revert tollhouse:rate_limit/next_in_line from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.next_in_line(text, text, integer);

commit;
