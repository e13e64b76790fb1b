begin;
select plan(15);

-- providers
savepoint apart;
select columns_are('tollhouse_private', 'providers', array[
  'provider', 'failure_threshold', 'cooldown', 'failure_window', 'window_min_calls', 'window_failure_share'
], 'a provider is a name and the patience of its breakers: no address, no key');
select col_is_pk('tollhouse_private', 'providers', 'provider', 'a provider is known once');
select indexes_are('tollhouse_private', 'providers', array['providers_pkey'], 'providers have no further index');

insert into tollhouse_private.providers (provider) values ('mock');
select results_eq(
  'select failure_threshold, cooldown, failure_window, window_min_calls, window_failure_share from tollhouse_private.providers',
  $$values (5, interval '30 seconds', interval '1 minute', 20, 0.5)$$,
  'a provider that nobody tuned opens a user''s breaker after five failures, its own at half of twenty calls');

select throws_ok($$update tollhouse_private.providers set failure_threshold = 0$$, '23514', null, 'a threshold of no failure is refused');
select throws_ok($$update tollhouse_private.providers set cooldown = '0'$$, '23514', null, 'a cool-down of no time is refused');
select throws_ok($$update tollhouse_private.providers set cooldown = '367 days'$$, '23514', null, 'so is one that nobody lives to see the end of');
select throws_ok($$update tollhouse_private.providers set failure_window = '367 days'$$, '23514', null, 'or a window without end');
select throws_ok($$update tollhouse_private.providers set window_failure_share = 0$$, '23514', null, 'a share of nothing is refused');
select throws_ok($$update tollhouse_private.providers set window_failure_share = 1.01$$, '23514', null, 'a share above the whole is refused');
rollback to apart;

-- models
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
