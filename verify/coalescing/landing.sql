-- Verify tollhouse:coalescing/landing on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.land(uuid[], text[], bytea[], tid[])',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.store_answers(tollhouse_private.settlement[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.release_flights(tollhouse_private.settlement[])',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
