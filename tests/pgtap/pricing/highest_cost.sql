begin;
select plan(10);

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

select * from finish();
rollback;
