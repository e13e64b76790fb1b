begin;
select plan(14);

-- price
savepoint apart;
select columns_are('tollhouse_private', 'price', array['input', 'cached_input', 'output', 'reasoning'], 'a price is what each kind of token costs');
rollback to apart;

-- model_prices
savepoint apart;
select columns_are('tollhouse_private', 'model_prices', array['model', 'kind', 'effective_from', 'micro_usd_per_million'],
  'a price is for a model, a kind of tokens and from a time on');
select col_is_pk('tollhouse_private', 'model_prices', array['model', 'kind', 'effective_from'], 'one price per model, kind and time');
select fk_ok('tollhouse_private', 'model_prices', 'model', 'tollhouse_private', 'models', 'model', 'only known models have prices');

insert into tollhouse_private.providers (provider) values ('mock');
insert into tollhouse_private.models values ('small', 'mock', 'x'), ('other', 'mock', 'y');
select throws_ok($$insert into tollhouse_private.model_prices values ('small', 'image', now(), 1)$$, '23514', null, 'a kind nobody counts is refused');
select throws_ok($$insert into tollhouse_private.model_prices values ('small', 'input', now(), -1)$$, '23514', null, 'a negative price is refused');

select table_privs_are('tollhouse_private', 'model_prices', 'tollhouse_engine', array['SELECT', 'INSERT'],
  'a price that was in force is never changed or deleted');
rollback to apart;

-- price_at
insert into tollhouse_private.providers (provider) values ('mock');
insert into tollhouse_private.models values ('small', 'mock', 'x'), ('other', 'mock', 'y');
insert into tollhouse_private.model_prices (model, kind, effective_from, micro_usd_per_million)
values
  ('small', 'input', '2030-01-01Z', 100), ('small', 'input', '2030-02-01Z', 200),
  ('small', 'output', '2030-01-01Z', 300), ('other', 'input', '2029-01-01Z', 999);

select results_eq($$select * from tollhouse_private.price_at('small', '2029-12-31 23:59:59.999999Z')$$,
  $$values (null::bigint, null::bigint, null::bigint, null::bigint)$$, 'before its first day a model has no price');
select results_eq($$select * from tollhouse_private.price_at('small', '2030-01-01Z')$$,
  $$values (100::bigint, 100::bigint, 300::bigint, 300::bigint)$$,
  'a price holds from its first microsecond; cached input falls back to input, reasoning to output');
select results_eq($$select input, output from tollhouse_private.price_at('small', '2030-01-31 23:59:59.999999Z')$$,
  $$values (100::bigint, 300::bigint)$$, 'it holds up to the last microsecond before the next');
select results_eq($$select input, cached_input from tollhouse_private.price_at('small', '2030-02-01Z')$$,
  $$values (200::bigint, 200::bigint)$$, 'the next price takes over, and the fallback with it');
select results_eq($$select input, output from tollhouse_private.price_at('other', '2030-02-01Z')$$,
  $$values (999::bigint, null::bigint)$$, 'a model with only one kind priced has no output price');

insert into tollhouse_private.model_prices (model, kind, effective_from, micro_usd_per_million)
values ('small', 'cached_input', '2030-02-01Z', 0), ('small', 'reasoning', '2030-03-01Z', 400);
select results_eq($$select cached_input, reasoning from tollhouse_private.price_at('small', '2030-02-01Z')$$,
  $$values (0::bigint, 300::bigint)$$, 'a price of zero is a price, not a fallback');
select results_eq($$select cached_input, reasoning from tollhouse_private.price_at('small', '2030-03-01Z')$$,
  $$values (0::bigint, 400::bigint)$$, 'reasoning has its own price once one is set');

select * from finish();
rollback;
