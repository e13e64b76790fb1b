-- Verify tollhouse:execution/book_late on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.book_late(uuid, tollhouse_private.attempt_result[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
