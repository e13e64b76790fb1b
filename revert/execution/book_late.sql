-- Revert tollhouse:execution/book_late from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.book_late(uuid, tollhouse_private.attempt_result[], timestamptz);

commit;
