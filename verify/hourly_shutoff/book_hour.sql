-- Verify tollhouse:hourly_shutoff/book_hour on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.book_hour(tollhouse_private.due[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
