begin;
select plan(21);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.provider_attempts')$$,
  array[
    'tenant_id text not null',
    'call_id uuid not null',
    'attempt integer not null',
    'late boolean not null',
    'created_at timestamp with time zone not null',
    'started_at timestamp with time zone not null',
    'finished_at timestamp with time zone not null',
    'user_id text not null',
    'endpoint text not null',
    'provider text not null',
    'model text not null',
    'worker_id uuid not null',
    'outcome text not null',
    'sent boolean not null',
    'http_status integer',
    'error_code text',
    'error_message text',
    'provider_request_id text',
    'input_tokens integer',
    'cached_input_tokens integer',
    'output_tokens integer',
    'reasoning_tokens integer',
    'cost_micro_usd bigint not null',
    'cost_basis text not null',
    'budget_month date not null',
    'latency_ms integer'
  ],
  'provider_attempts has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.provider_attempts')$$,
  array[
    'provider_attempts_cost_basis_check',
    'provider_attempts_cost_check',
    'provider_attempts_pkey'
  ],
  'provider_attempts has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'provider_attempts', array['tenant_id', 'call_id', 'attempt', 'late', 'created_at']::name[], 'provider_attempts: the key');
select indexes_are('tollhouse_private', 'provider_attempts', array['provider_attempts_pkey', 'provider_attempts_created_at_idx'], 'provider_attempts has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'provider_attempts: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.provider_attempts'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.provider_attempts')$$,
  array[
    'provider_attempts_all_engine: all for tollhouse_engine',
    'provider_attempts_select_identity: select for tollhouse_client, tollhouse_owner',
    'provider_attempts_select_operator: select for tollhouse_auditor, tollhouse_monitor, tollhouse_operator'
  ],
  'provider_attempts has exactly these policies'
);
create function pg_temp.attempt(p_change jsonb) returns void language sql as $$
  insert into tollhouse_private.provider_attempts
  select (jsonb_populate_record(null::tollhouse_private.provider_attempts, jsonb_build_object(
    'tenant_id', 'acme', 'user_id', 'ann', 'call_id', '00000000-0000-7000-8000-000000000001', 'attempt', 1, 'late', false,
    'created_at', now(), 'started_at', now(), 'finished_at', now(), 'endpoint', 'route', 'provider', 'p', 'model', 'm',
    'worker_id', gen_random_uuid(), 'outcome', 'success', 'sent', true, 'cost_micro_usd', 5, 'cost_basis', 'usage',
    'budget_month', '2026-01-01'
  ) || p_change)).*
$$;
select lives_ok($$select pg_temp.attempt('{}')$$, 'an attempt is written down');
select throws_ok($$select pg_temp.attempt('{}')$$, '23505', null, 'once');
select lives_ok($$select pg_temp.attempt('{"attempt": 2}')$$, 'the next attempt of the call is another row');
select throws_ok($$select pg_temp.attempt('{"attempt": 3, "cost_micro_usd": -1}')$$, '23514', null, 'an attempt costs nothing at least');
select lives_ok($$select pg_temp.attempt('{"late": true, "cost_micro_usd": -3}')$$, 'a late correction may give back');
select throws_ok($$select pg_temp.attempt('{"late": true}')$$, '23505', null, 'an attempt is corrected once');
select throws_ok($$select pg_temp.attempt('{"attempt": 4, "cost_basis": "guess"}')$$, '23514', null, 'a cost has a known basis');

set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_owner;
select throws_ok(statement, '42501', null, 'append-only, and never written by a client function: ' || statement)
from unnest(array[
  'update tollhouse_private.provider_attempts set cost_micro_usd = 0', 'delete from tollhouse_private.provider_attempts',
  'truncate tollhouse_private.provider_attempts', 'select pg_temp.attempt(''{"attempt": 5}'')'
]) as statement;
set local role tollhouse_engine;
select throws_ok(statement, '42501', null, 'append-only, for the engine too: ' || statement)
from unnest(array[
  'update tollhouse_private.provider_attempts set cost_micro_usd = 0', 'delete from tollhouse_private.provider_attempts',
  'truncate tollhouse_private.provider_attempts'
]) as statement;
select lives_ok($$select pg_temp.attempt('{"attempt": 5}')$$, 'the engine appends');
reset role;

select * from finish();
rollback;
