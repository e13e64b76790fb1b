-- Verify tollhouse:coalescing/ended_flights on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.ended_flights', 'tollhouse_owner',
  '{tenant_id, call_id, cache_key}',
  array['tollhouse_owner: insert', 'tollhouse_engine: select, insert, update, delete']
);
select tollhouse_private.verify_policies('tollhouse_private.ended_flights', '{ended_flights_all_engine, ended_flights_insert_owner}');

rollback;
