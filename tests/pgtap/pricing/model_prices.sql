begin;
select plan(6);

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

select * from finish();
rollback;
