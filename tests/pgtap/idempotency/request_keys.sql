begin;
select plan(31);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.request_keys')$$,
  array[
    'tenant_id text not null',
    'endpoint text not null',
    'request_id text not null',
    'user_id text not null',
    'call_id uuid not null',
    'created_at timestamp with time zone not null',
    'fingerprint bytea not null'
  ],
  'request_keys has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.request_keys')$$,
  array[
    'request_keys_pkey'
  ],
  'request_keys has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'request_keys', array['tenant_id', 'endpoint', 'request_id', 'user_id']::name[], 'request_keys: the key');
select indexes_are('tollhouse_private', 'request_keys', array['request_keys_created_at_idx', 'request_keys_pkey'], 'request_keys has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'request_keys: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.request_keys'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.request_keys')$$,
  array[
    'request_keys_all_engine: all for tollhouse_engine',
    'request_keys_select_owner: select for tollhouse_owner'
  ],
  'request_keys has exactly these policies'
);
\ir ../two_providers.psql
create function pg_temp.be(p_tenant_id text, p_user_id text) returns void language sql as $$
  select set_config('tollhouse.tenant_id', p_tenant_id, true), set_config('tollhouse.user_id', p_user_id, true)
$$;
create temporary table first (call_id uuid);
grant all on first to public;

set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
with asked as (
  insert into first select call_id from tollhouse.enqueue('route', '{"prompt": "x", "temperature": 0}', 'r1') returning call_id
)
select ok(a.call_id is not null, 'a new request id is a new call') from asked as a;
select results_eq(
  $$select e.call_id, e.status, e.was_cached, e.deduplicated from tollhouse.enqueue('route', '{"temperature": 0, "prompt": "x"}', 'r1') as e$$,
  $$select call_id, 'queued', false, true from first$$,
  'the same id with the same request is the same call: its state comes back (the order of keys is no difference)'
);
select results_eq(
  $$
    select e.call_id, e.deduplicated from tollhouse.enqueue('route', '{"prompt": "x", "temperature": 0}', 'r1',
      p_use_cache => false, p_max_cost_micro_usd => 1, p_metadata => '{"retry": 2}', p_run_at => now() + interval '1 day') as e
  $$,
  $$select call_id, true from first$$,
  'how a call is treated is no part of what is asked'
);
select is((select count(*) from tollhouse.jobs), 1::bigint, 'nothing new was written');
select throws_ok(statement, 'TH107', 'request id already used for another request', 'TH107: ' || statement)
from unnest(array[
  'select tollhouse.enqueue(''route'', ''{"prompt": "y"}'', ''r1'')',
  'select tollhouse.enqueue(''route'', ''{"prompt": "x"}'', ''r1'')',
  'select tollhouse.enqueue(''route'', ''{"prompt": "x", "temperature": 0}'', ''r1'', p_model => ''small'')',
  'select tollhouse.enqueue(''route'', ''{"prompt": "x", "temperature": 0}'', ''r1'', p_watermark => ''v2'')'
]) as statement;
select is(
  (select e.deduplicated from tollhouse.enqueue('explanation', '{"prompt": "y"}', 'r1') as e), false,
  'at another endpoint the id is free'
);

-- Other people.
set local tollhouse.user_id = 'bob';
select is(
  (select e.deduplicated from tollhouse.enqueue('route', '{"prompt": "x", "temperature": 0}', 'r1') as e), false,
  'another user''s ids are another matter'
);
set local tollhouse.tenant_id = 'globex';
select is(
  (select e.deduplicated from tollhouse.enqueue('route', '{"prompt": "x", "temperature": 0}', 'r1') as e), false,
  'another tenant''s ids are another matter'
);

-- Without an id of its own.
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
select results_eq(
  $$select e.request_id = e.call_id::text, e.deduplicated from tollhouse.enqueue('route', '{"prompt": "z"}') as e$$,
  $$values (true, false)$$,
  'a call without a request id gets its call id for one'
);
select is(
  (select e.deduplicated from tollhouse.enqueue('route', '{"prompt": "z"}') as e), false, 'and the same request again is another call'
);

-- After the outcome.
reset role;
do $$ begin perform pg_temp.worked('success'); end $$;
set local role tollhouse_client;
select results_eq(
  $$select e.call_id, e.status, e.was_cached, e.deduplicated from tollhouse.enqueue('route', '{"prompt": "x", "temperature": 0}', 'r1') as e$$,
  $$select call_id, 'success', false, true from first$$,
  'after the outcome, the outcome comes back'
);
select throws_ok(
  $$select tollhouse.enqueue('route', '{"prompt": "y"}', 'r1')$$, 'TH107', null, 'and the id stays taken'
);
reset role;
do $$ begin perform tollhouse_ops.stop_everything('test'); end $$;
set local role tollhouse_client;
select is((select e.status from tollhouse.enqueue('route', '{"prompt": "b"}', 'r2') as e), 'blocked', 'a refusal takes its id too');
reset role;
do $$ begin perform tollhouse_ops.resume_everything('test'); end $$;
set local role tollhouse_client;
select results_eq(
  $$select e.status, e.blocked_reason, e.deduplicated from tollhouse.enqueue('route', '{"prompt": "b"}', 'r2') as e$$,
  $$values ('blocked', 'provider_kill_switch', true)$$,
  'a replay tells of the refusal; it does not try again'
);
reset role;
select is(
  (select count(*) from tollhouse_private.llm_api_calls where tenant_id = 'acme' and user_id = 'ann' and request_id = 'r1' and endpoint = 'route'), 1::bigint,
  'one request, one ledger row'
);
select is(
  (select count(*) from tollhouse_private.provider_attempts as pa join first as f on f.call_id = pa.call_id), 1::bigint, 'and one attempt'
);

-- Writes.
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_owner;
select is_empty($$update tollhouse_private.request_keys set fingerprint = '\x' returning 1$$, 'no client function rewrites a key');
select is_empty($$delete from tollhouse_private.request_keys returning 1$$, 'or frees one');
select throws_ok(
  $$insert into tollhouse_private.request_keys values ('acme', 'route', 'r9', 'ann', gen_random_uuid(), now(), '\x00')$$,
  '42501', null, 'none takes one past the guard'
);
set local role tollhouse_engine;
select throws_ok('update tollhouse_private.request_keys set fingerprint = ''\x''', '42501', null, 'nor does the engine change one');
reset role;

-- Upkeep: keys go with their ledger rows.
update tollhouse_private.request_keys set created_at = now() - interval '27 months' where request_id = 'r1' and tenant_id = 'acme' and user_id = 'ann' and endpoint = 'route';
do $$ begin perform tollhouse_worker.prune(); end $$;
select is_empty(
  $$select from tollhouse_private.request_keys where tenant_id = 'acme' and user_id = 'ann' and endpoint = 'route' and request_id = 'r1'$$,
  'a key is dropped when its ledger month is'
);
select isnt_empty(
  $$select from tollhouse_private.request_keys where request_id = 'r2'$$, 'and not before'
);

select * from finish();
rollback;
