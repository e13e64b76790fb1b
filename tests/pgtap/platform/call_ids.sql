begin;
select plan(9);

-- new_call_id
savepoint apart;
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
rollback to apart;

-- call_created_at
select is_empty(
  $$
    select t from generate_series('2026-01-01 00:00:00.001+00'::timestamptz, '2026-01-01 00:00:02+00', '1 ms') as t
    where tollhouse_private.call_created_at(tollhouse_private.new_call_id(t)) is distinct from t
  $$,
  'an id gives back the millisecond it was made for'
);
select is(
  tollhouse_private.call_created_at(tollhouse_private.new_call_id('2026-03-01 12:00:00.123999+00')),
  '2026-03-01 12:00:00.123+00'::timestamptz,
  'what is finer than a millisecond is cut off, as date_trunc does for created_at'
);
select is(
  (select tollhouse_private.call_created_at(tollhouse_private.new_call_id(t))
   from (values ('1970-01-01 00:00:00+00'::timestamptz)) as v (t)),
  '1970-01-01 00:00:00+00'::timestamptz,
  'the first instant of the epoch is no exception'
);
select is(
  tollhouse_private.call_created_at(tollhouse_private.new_call_id('2099-12-31 23:59:59.999+00')),
  '2099-12-31 23:59:59.999+00'::timestamptz,
  'nor is the last millisecond of the century'
);
select is(tollhouse_private.call_created_at(null), null, 'no id, no time');
select is(
  tollhouse_private.call_created_at('00000000-0000-4000-8000-000000000000'), '1970-01-01 00:00:00+00'::timestamptz,
  'a foreign id is read without an error and finds nothing'
);

select * from finish();
rollback;
