begin;
select plan(1);

select columns_are('tollhouse_private', 'price', array['input', 'cached_input', 'output', 'reasoning'], 'a price is what each kind of token costs');

select * from finish();
rollback;
