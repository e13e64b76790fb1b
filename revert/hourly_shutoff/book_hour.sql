-- Revert tollhouse:hourly_shutoff/book_hour from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.book_hour(tollhouse_private.due[], timestamptz);

commit;
