begin;
select plan(6);

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
