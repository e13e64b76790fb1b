begin;
select plan(38);

-- task_types
savepoint apart;
\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.task_types')$$,
  array[
    'endpoint tollhouse_private.identifier not null',
    'models text[] not null default ''{}''::text[]',
    'timeout_ms integer not null default 60000',
    'max_attempts integer not null default 3',
    'backoff_ms integer not null default 500',
    'max_output_tokens integer not null default 1024',
    'max_request_bytes integer not null default 262144',
    'cache_ttl interval not null default ''01:00:00''::interval',
    'cache_scope text not null default ''user''::text',
    'capture text not null default ''full''::text',
    'retries_abandoned boolean not null default true',
    'materializer text'
  ],
  'task_types has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.task_types')$$,
  array[
    'task_types_backoff_ms_check',
    'task_types_cache_scope_check',
    'task_types_cache_ttl_check',
    'task_types_capture_check',
    'task_types_max_attempts_check',
    'task_types_max_output_tokens_check',
    'task_types_max_request_bytes_check',
    'task_types_pkey',
    'task_types_timeout_ms_check'
  ],
  'task_types has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'task_types', array['endpoint']::name[], 'task_types: the key');
select indexes_are('tollhouse_private', 'task_types', array['task_types_pkey'], 'task_types has exactly these indexes');
select results_eq(
  $$select endpoint::text, cache_scope, capture, materializer from tollhouse_private.task_types order by endpoint$$,
  $$
    values
      ('budget_optimization', 'user', 'full', 'tollhouse_private.materialize_budget_optimization'),
      ('explanation', 'tenant', 'full', null),
      ('investigation', 'user', 'full', 'tollhouse_private.materialize_investigation'),
      ('route', 'tenant', 'full', null)
  $$,
  'the four endpoints are there; two of them materialize rows'
);
select is_empty(
  $$select from tollhouse_private.task_types where models <> '{}'$$, 'none has a model before an operator gives it one');
select is_empty(
  $$
    select materializer from tollhouse_private.task_types
    where materializer is not null
      and to_regprocedure(materializer || '(text,text,uuid,timestamptz,jsonb,jsonb)') is null
  $$,
  'every materializer exists with the signature that it is called with'
);

select lives_ok(format('update tollhouse_private.task_types set %s where endpoint = ''route''', change), change || ' is within bounds')
from unnest(array[
  'timeout_ms = 100', 'timeout_ms = 3600000', 'max_attempts = 1', 'max_attempts = 20', 'backoff_ms = 0',
  'max_output_tokens = 1', 'max_request_bytes = 16777216', 'cache_ttl = ''0''', 'cache_ttl = ''1 year''', 'capture = ''none'''
]) as change;
select throws_ok(format('update tollhouse_private.task_types set %s where endpoint = ''route''', change), '23514', null, change || ' is refused')
from unnest(array[
  'timeout_ms = 99', 'timeout_ms = 3600001', 'max_attempts = 0', 'max_attempts = 21', 'backoff_ms = -1', 'backoff_ms = 3600001',
  'max_output_tokens = 0', 'max_request_bytes = 0', 'max_request_bytes = 16777217', 'cache_ttl = ''-1 s''', 'cache_ttl = ''367 days''',
  'cache_scope = ''everybody''', 'capture = ''some''', 'endpoint = ''my endpoint'''
]) as change;

set local role tollhouse_owner;
select isnt_empty('select from tollhouse_private.task_types', 'endpoints are the installation''s: no identity is needed to know them');
reset role;
rollback to apart;

-- candidate_models
insert into tollhouse_private.providers (provider) values ('one'), ('two');
insert into tollhouse_private.models values ('small', 'one', 'one-small-2030'), ('large', 'two', 'two-large');
update tollhouse_private.task_types set models = array['large', 'small'] where endpoint = 'route';

select results_eq(
  $$select model, provider, provider_model, preference, candidates from tollhouse_private.candidate_models('route', null) order by preference$$,
  $$values ('large', 'two', 'two-large', 0::bigint, 2::bigint), ('small', 'one', 'one-small-2030', 1, 2)$$,
  'an endpoint''s models are offered in its order of preference, with their provider''s names for them');
select results_eq(
  $$select model from tollhouse_private.candidate_models('route', 'small')$$, $$values ('small')$$,
  'a call that asks for a model gets that one');
select is_empty($$select from tollhouse_private.candidate_models('explanation', null)$$, 'an endpoint without models offers none');
select is_empty($$select from tollhouse_private.candidate_models('explanation', 'small')$$, 'a model of another endpoint is not offered');
select is_empty($$select from tollhouse_private.candidate_models('nowhere', null)$$, 'an unknown endpoint offers none');

update tollhouse_private.task_types set models = array['gone', 'small'] where endpoint = 'route';
select results_eq(
  $$select model, candidates from tollhouse_private.candidate_models('route', null)$$, $$values ('small', 1::bigint)$$,
  'a model that is not known is not offered');

select * from finish();
rollback;
