-- Verify tollhouse:cache/release_flights on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.release_flights(tollhouse_private.settlement[])',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
