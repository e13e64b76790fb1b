begin;
select plan(5);

select tollhouse_private.ensure_partitions('2019-02-01Z', '2019-02-28Z');
-- Months are UTC's: at the first of these instants it is still January in New York.
set local timezone = 'America/New_York';
select ok(tollhouse_private.has_month('2019-02-01 00:00:00+00'), 'the first instant of a month that is there');
select ok(tollhouse_private.has_month('2019-02-28 23:59:59.999999+00'), 'and its last');
select ok(not tollhouse_private.has_month('2019-01-31 23:59:59.999999+00'), 'not the instant before');
select ok(not tollhouse_private.has_month('2019-03-01 00:00:00+00'), 'nor the one after');
select is(tollhouse_private.has_month(null), false, 'and no month is none');

select * from finish();
rollback;
