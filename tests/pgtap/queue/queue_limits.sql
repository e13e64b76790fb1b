begin;
select plan(6);

select columns_are('tollhouse_private', 'queue_limits', array['tenant_id', 'max_calls', 'max_bytes'], 'a limit has two numbers');
select col_is_pk('tollhouse_private', 'queue_limits', array['tenant_id'], 'one limit per tenant');
select results_eq('select * from tollhouse_private.queue_limits', $$values ('' collate "C", 1000000::bigint, 4294967296::bigint)$$,
  'who has none of their own may have a million calls, and four gigabytes');
select throws_ok($$insert into tollhouse_private.queue_limits values ('x', -1, null)$$, '23514', null, 'less than no call is refused');
select throws_ok($$insert into tollhouse_private.queue_limits values ('x', null, -1)$$, '23514', null, 'so is less than no byte');
select col_is_pk('tollhouse_private', 'queue_counts', array['tenant_id', 'count_id'], 'counts are appended');

select * from finish();
rollback;
