begin;
select plan(5);

select columns_are('tollhouse_private', 'models', array['model', 'provider', 'provider_model'],
  'a model is a name, a provider, and the name it has there');
select col_is_pk('tollhouse_private', 'models', 'model', 'a model is known once');
select fk_ok('tollhouse_private', 'models', 'provider', 'tollhouse_private', 'providers', 'provider',
  'a model is served by a provider that exists');
select indexes_are('tollhouse_private', 'models', array['models_pkey'], 'models have no further index');

insert into tollhouse_private.providers (provider) values ('mock');
select throws_ok($$insert into tollhouse_private.models values ('a model', 'mock', 'x')$$, '23514', null, 'a model''s name has no blank in it');

select * from finish();
rollback;
