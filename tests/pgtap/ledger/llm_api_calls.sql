begin;
select plan(37);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.llm_api_calls')$$,
  array[
    'tenant_id text not null',
    'call_id uuid not null',
    'created_at timestamp with time zone not null',
    'finished_at timestamp with time zone not null',
    'user_id text not null',
    'endpoint text not null',
    'request_id text not null',
    'fingerprint bytea not null',
    'status text not null',
    'blocked_reason text',
    'was_cached boolean not null',
    'was_coalesced boolean not null default false',
    'provider_attempted boolean not null',
    'attempts integer not null',
    'provider text',
    'model text',
    'input_tokens integer',
    'cached_input_tokens integer',
    'output_tokens integer',
    'reasoning_tokens integer',
    'cost_micro_usd bigint not null',
    'cost_basis text not null',
    'saved_micro_usd bigint',
    'refused_micro_usd bigint',
    'latency_ms integer',
    'error_code text',
    'error_message text',
    'content_ref uuid',
    'reasoning_ref uuid',
    'metadata_ref uuid'
  ],
  'llm_api_calls has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.llm_api_calls')$$,
  array[
    'llm_api_calls_blocked_reason_check',
    'llm_api_calls_cost_basis_check',
    'llm_api_calls_cost_check',
    'llm_api_calls_pkey',
    'llm_api_calls_saved_check',
    'llm_api_calls_status_check',
    'llm_api_calls_was_cached_check',
    'llm_api_calls_was_coalesced_check'
  ],
  'llm_api_calls has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'llm_api_calls', array['tenant_id', 'call_id', 'created_at']::name[], 'llm_api_calls: the key');
select indexes_are('tollhouse_private', 'llm_api_calls', array['llm_api_calls_pkey', 'llm_api_calls_created_at_idx', 'llm_api_calls_blocked_idx', 'llm_api_calls_cached_idx'], 'llm_api_calls has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'llm_api_calls: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.llm_api_calls'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.llm_api_calls')$$,
  array[
    'llm_api_calls_all_engine: all for tollhouse_engine',
    'llm_api_calls_insert_owner: insert for tollhouse_owner',
    'llm_api_calls_select_identity: select for tollhouse_client, tollhouse_owner',
    'llm_api_calls_select_operator: select for tollhouse_auditor, tollhouse_monitor, tollhouse_operator'
  ],
  'llm_api_calls has exactly these policies'
);
-- One well-formed row; a test says in what its own is different.
create function pg_temp.book(p_change jsonb) returns void language sql as $$
  insert into tollhouse_private.llm_api_calls
  select (jsonb_populate_record(null::tollhouse_private.llm_api_calls, jsonb_build_object(
    'tenant_id', 'acme', 'user_id', 'ann', 'call_id', gen_random_uuid(), 'created_at', now(), 'finished_at', now(),
    'endpoint', 'route', 'request_id', gen_random_uuid(), 'fingerprint', '\x00', 'status', 'success', 'was_cached', false, 'was_coalesced', false,
    'provider_attempted', true, 'attempts', 1, 'cost_micro_usd', 5, 'cost_basis', 'usage'
  ) || p_change)).*
$$;
select lives_ok(format('select pg_temp.book(%L)', change), change || ' is a ledger row')
from unnest(array[
  '{}',
  '{"status": "failed"}',
  '{"status": "cancelled", "provider_attempted": false, "cost_micro_usd": 0, "cost_basis": "none"}',
  '{"status": "blocked", "blocked_reason": "hourly_shutoff", "provider_attempted": false, "cost_micro_usd": 0, "cost_basis": "none"}',
  '{"was_cached": true, "provider_attempted": false, "cost_micro_usd": 0, "cost_basis": "none"}',
  '{"was_cached": true, "provider_attempted": false, "cost_micro_usd": 0, "cost_basis": "none", "saved_micro_usd": 5}'
]) as change;
select throws_ok(format('select pg_temp.book(%L)', change), '23514', null, change || ' is none')
from unnest(array[
  '{"status": "queued"}',
  '{"status": "blocked"}',
  '{"blocked_reason": "hourly_shutoff"}',
  '{"was_cached": true, "provider_attempted": true, "cost_micro_usd": 0}',
  '{"was_coalesced": true}',
  '{"was_cached": true, "provider_attempted": false, "cost_micro_usd": 1}',
  '{"was_cached": true, "provider_attempted": false, "cost_micro_usd": 0, "status": "failed"}',
  '{"saved_micro_usd": 5}',
  '{"was_cached": true, "provider_attempted": false, "cost_micro_usd": 0, "saved_micro_usd": -1}',
  '{"cost_micro_usd": -1}',
  '{"cost_basis": "guess"}'
]) as change;
-- That a request is one call is request_keys' to say: tests/pgtap/idempotency/request_keys.sql.
select lives_ok($$select pg_temp.book('{"call_id": "00000000-0000-0000-0000-000000000001"}')$$, 'a call has its ledger row');
select throws_ok($$select pg_temp.book('{"call_id": "00000000-0000-0000-0000-000000000001"}')$$, '23505', null, 'and can have no second one');
select lives_ok($$select pg_temp.book('{"call_id": "00000000-0000-0000-0000-000000000001", "tenant_id": "globex"}')$$, 'another tenant''s is another call');
select throws_ok(
  $$select pg_temp.book('{"created_at": "1999-01-01"}')$$, '23514', null, 'a month without a partition takes no row: it is refused, not lost'
);

set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_owner;
select throws_ok(statement, '42501', null, 'append-only, for the owner too: ' || statement)
from unnest(array[
  'update tollhouse_private.llm_api_calls set cost_micro_usd = 0', 'delete from tollhouse_private.llm_api_calls',
  'truncate tollhouse_private.llm_api_calls'
]) as statement;
select throws_ok($$select pg_temp.book('{"tenant_id": "globex"}')$$, '42501', null, 'a client function cannot write another tenant''s row');
select throws_ok($$select pg_temp.book('{"user_id": "bob"}')$$, '42501', null, 'nor another user''s');
select lives_ok($$select pg_temp.book('{}')$$, 'it writes its own');
set local role tollhouse_engine;
select throws_ok(statement, '42501', null, 'append-only, for the engine too: ' || statement)
from unnest(array[
  'update tollhouse_private.llm_api_calls set cost_micro_usd = 0', 'delete from tollhouse_private.llm_api_calls',
  'truncate tollhouse_private.llm_api_calls'
]) as statement;
reset role;
select is_empty(
  $$
    select r.rolname, privilege
    from pg_roles as r
    cross join unnest(array['update', 'delete', 'truncate']) as privilege
    where r.rolname like 'tollhouse%' and has_table_privilege(r.oid, 'tollhouse_private.llm_api_calls', privilege)
  $$,
  'no role may change or remove a ledger row'
);

select * from finish();
rollback;
