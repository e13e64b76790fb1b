begin;
select plan(11);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.response_cache')$$,
  array[
    'tenant_id text not null',
    'scope text not null',
    'endpoint text not null',
    'cache_key bytea not null',
    'watermark text not null',
    'origin_call_id uuid not null',
    'provider text not null',
    'model text not null',
    'cost_micro_usd bigint not null',
    'response jsonb not null',
    'expires_at timestamp with time zone not null'
  ],
  'response_cache has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.response_cache')$$,
  array[
    'response_cache_pkey'
  ],
  'response_cache has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'response_cache', array['tenant_id', 'scope', 'endpoint', 'cache_key', 'watermark']::name[], 'response_cache: the key');
select indexes_are('tollhouse_private', 'response_cache', array['response_cache_expires_at_idx', 'response_cache_pkey'], 'response_cache has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'response_cache: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.response_cache'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.response_cache')$$,
  array[
    'response_cache_all_engine: all for tollhouse_engine',
    'response_cache_select_owner: select for tollhouse_owner'
  ],
  'response_cache has exactly these policies'
);

insert into tollhouse_private.response_cache
  (tenant_id, scope, endpoint, cache_key, watermark, origin_call_id, provider, model, cost_micro_usd, response, expires_at)
select v.tenant_id, v.scope, 'route', '\x01', '', gen_random_uuid(), 'north', 'small', 5, '{"content": "x"}', now()
from (values ('acme', ''), ('acme', 'ann'), ('acme', 'bob'), ('globex', ''), ('globex', 'ann')) as v (tenant_id, scope);

set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_owner;
select bag_eq(
  $$select rc.tenant_id || '/' || rc.scope from tollhouse_private.response_cache as rc$$, array['acme/', 'acme/ann'],
  'enqueue sees the answers that its caller shares: the tenant''s and its own'
);
select is_empty($$update tollhouse_private.response_cache set response = '{}' returning 1$$, 'a client function changes no answer');
select throws_ok(
  $$insert into tollhouse_private.response_cache select (rc).* from (select rc from tollhouse_private.response_cache as rc limit 1) as one$$,
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
  'nobody who logs in reads the cache: an answer is read through a call'
);

select * from finish();
rollback;
