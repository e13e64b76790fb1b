begin;
select plan(3);

select is(
  (select count(distinct tollhouse_private.new_call_id(now())) from generate_series(1, 1000)),
  1000::bigint,
  'a thousand calls of one instant have a thousand ids'
);
select is_empty(
  $$
    select id from (select tollhouse_private.new_call_id(clock_timestamp())::text as id from generate_series(1, 1000)) as made
    where id !~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
  $$,
  'every id is a UUID of version 7 and of the standard''s variant'
);
select ok(
  tollhouse_private.new_call_id('2026-01-01 00:00:00.000+00') < tollhouse_private.new_call_id('2026-01-01 00:00:00.001+00'),
  'ids sort by the time they were made for: the oldest call is the smallest id'
);

select * from finish();
rollback;
