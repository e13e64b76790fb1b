begin;
select plan(27);

-- highest_cost
savepoint apart;
select is(tollhouse_private.highest_cost(1000000, 1000000, 2000000, 2000000, 100, 100), 300::bigint, 'at most: every byte a token of input, every token of output used');
select is(tollhouse_private.highest_cost(1000000, 1000000, 2000000, 5000000, 100, 100), 600::bigint, 'dear reasoning tokens could be all of the output');
select is(tollhouse_private.highest_cost(1000000, 5000000, 2000000, 2000000, 100, 100), 700::bigint, 'cached tokens that are the dearer ones could be all of the input');
select is(tollhouse_private.highest_cost(1, 1, 1, 1, 1, 0), 1::bigint, 'a millionth of a micro-USD is rounded up to one');
select is(tollhouse_private.highest_cost(0, 0, 0, 0, 100, 100), 0::bigint, 'what costs nothing reserves nothing');
select is(tollhouse_private.highest_cost(null, null, 2, 2, 100, 100), null::bigint, 'without an input price the highest cost is unknown');
select is(tollhouse_private.highest_cost(null, 1, 2, 2, 100, 100), null::bigint, 'whatever cached input costs');
select is(tollhouse_private.highest_cost(1, 1, null, 2, 100, 100), null::bigint, 'nor does the price of reasoning replace that of output');
select is(tollhouse_private.highest_cost(1, 1, null, null, 100, 100), null::bigint, 'without an output price the highest cost is unknown');
select is(tollhouse_private.highest_cost(1000000000000, 1000000000000, 1000000000000, 1000000000000, 16777216, 10000000), 26777216000000::bigint,
  'the dearest price and the largest call fit');
rollback to apart;

-- cost_of_usage
savepoint apart;
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
rollback to apart;

-- charge_basis
select is(tollhouse_private.charge_basis(v.sent, v.billing, v.usage), v.basis, format('sent %s, billing %s, usage %s: %s', v.sent, v.billing, v.usage, v.basis))
from (values
  (true, 'usage_or_reservation', 5::bigint, 'usage'), (true, 'usage_or_reservation', null, 'reservation'), (true, 'usage', 5, 'usage'),
  (true, 'usage', null, 'none'), (true, 'nothing', 5, 'none'), (false, 'usage_or_reservation', 5, 'none'), (null, 'usage', 5, 'none')
) as v (sent, billing, usage, basis);

select * from finish();
rollback;
