begin;
select plan(10);

select is(tollhouse_private.cost_of_usage(1000000, 1000000, 2000000, 2000000, 10, null, 20, null), 50::bigint, 'input and output are charged at their prices');
select is(tollhouse_private.cost_of_usage(1000000, 100000, 2000000, 2000000, 10, 10, 0, 0), 1::bigint, 'cached input is charged at its own price');
select is(tollhouse_private.cost_of_usage(1000000, 0, 2000000, 2000000, 10, 4, 0, 0), 6::bigint, 'cached tokens are part of the input, not added to it');
select is(tollhouse_private.cost_of_usage(0, 0, 2000000, 3000000, 0, 0, 20, 5), 45::bigint, 'reasoning tokens are part of the output, at their own price');
select is(tollhouse_private.cost_of_usage(1, 1, 1, 1, 1, 0, 0, 0), 1::bigint, 'a fraction is rounded up');
select is(tollhouse_private.cost_of_usage(500000, 500000, 500000, 500000, 1, 0, 1, 0), 1::bigint, 'it is the sum that is rounded, not each kind');
select is(tollhouse_private.cost_of_usage(1, 1, 1, 1, 0, 0, 0, 0), 0::bigint, 'no tokens cost nothing');
select is(tollhouse_private.cost_of_usage(1, 1, 1, 1, null, 0, 5, 0), null::bigint, 'unreported input makes the cost unknown');
select is(tollhouse_private.cost_of_usage(1, 1, 1, 1, 5, 0, null, 0), null::bigint, 'unreported output makes the cost unknown');
select is(tollhouse_private.cost_of_usage(null, null, 1, 1, 5, 0, 5, 0), null::bigint, 'an unknown price makes the cost unknown');

select * from finish();
rollback;
