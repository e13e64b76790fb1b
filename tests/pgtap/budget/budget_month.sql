begin;
select plan(3);

select is(tollhouse_private.budget_month('2030-01-31 23:59:59.999999Z'), date '2030-01-01', 'a month lasts to its last microsecond');
select is(tollhouse_private.budget_month('2030-02-01 00:30+01'), date '2030-01-01', 'in UTC, whatever the clock of the session says');
set local timezone = 'Pacific/Auckland';
select is(tollhouse_private.budget_month('2030-01-31 12:00Z'), date '2030-01-01', 'and whatever its time zone is');

select * from finish();
rollback;
