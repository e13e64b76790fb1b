begin;
select plan(14);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.response_cache')$$,
  array[
    'tenant_id text not null',
    'cache_key bytea not null',
    'scope text not null',
    'call_id uuid not null',
    'upkeep_at timestamp with time zone not null',
    'expires_at timestamp with time zone',
    'provider text',
    'model text',
    'cost_micro_usd bigint',
    'response jsonb'
  ],
  'response_cache has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.response_cache')$$,
  array[
    'response_cache_expires_at_check',
    'response_cache_pkey'
  ],
  'response_cache has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'response_cache', array['tenant_id', 'cache_key']::name[], 'response_cache: the key');
select indexes_are('tollhouse_private', 'response_cache', array['response_cache_pkey', 'response_cache_upkeep_at_idx'], 'response_cache has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'response_cache: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.response_cache'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.response_cache')$$,
  array[
    'response_cache_all_engine: all for tollhouse_engine'
  ],
  'response_cache has exactly these policies'
);

insert into tollhouse_private.response_cache (tenant_id, cache_key, scope, call_id, upkeep_at, provider, model, cost_micro_usd, response, expires_at)
select v.tenant_id, sha256(v.scope::bytea), v.scope, gen_random_uuid(), now(), 'north', 'small', 5, '{"content": "x"}', now()
from (values ('acme', ''), ('acme', 'ann'), ('acme', 'bob'), ('globex', ''), ('globex', 'ann')) as v (tenant_id, scope);

select throws_ok($$update tollhouse_private.response_cache set expires_at = null$$, '23514', null, 'a pending entry holds nothing of an answer');
select throws_ok($$update tollhouse_private.response_cache set expires_at = null, provider = null, model = null, cost_micro_usd = null$$, '23514', null, 'nor its words');
select throws_ok($$update tollhouse_private.response_cache set model = null$$, '23514', null, 'an answered one says whose answer it is');

set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_owner;
select is_empty('select from tollhouse_private.response_cache', 'a client function sees no entry, not even its caller''s own');
select is_empty($$update tollhouse_private.response_cache set response = '{}' returning 1$$, 'a client function changes no answer');
select throws_ok(
  $$insert into tollhouse_private.response_cache (tenant_id, cache_key, scope, call_id, upkeep_at) values ('acme', '\x07', '', gen_random_uuid(), now())$$,
  '42501', null, 'and writes none: answers come from workers'
);
reset role;
set local tollhouse.user_id = '';
set local role tollhouse_owner;
select is_empty('select from tollhouse_private.response_cache', 'without an identity there is no answer');
reset role;
select is_empty(
  $$
    select r.rolname from pg_roles as r
    where r.rolname in ('tollhouse_client', 'tollhouse_operator', 'tollhouse_auditor', 'tollhouse_worker')
      and has_table_privilege(r.oid, 'tollhouse_private.response_cache', 'select')
  $$,
  'nobody who logs in reads the cache, nor sees what is in flight: an answer is read through a call'
);

select * from finish();
rollback;
