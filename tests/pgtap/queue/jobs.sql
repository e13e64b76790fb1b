begin;
select plan(27);

\ir ../shape.psql
\ir ../job.psql
create function pg_temp.enqueue(p_change jsonb default '{}') returns void language sql as $$
  insert into tollhouse_private.jobs select (pg_temp.job(p_change)).*
$$;
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.jobs')$$,
  array[
    'tenant_id text not null',
    'call_id uuid not null',
    'user_id text not null',
    'endpoint text not null',
    'request_id text not null',
    'created_at timestamp with time zone not null',
    'fingerprint bytea not null',
    'request_bytes integer not null',
    'max_output_tokens integer not null',
    'requested_model text',
    'max_cost_micro_usd bigint',
    'cache_key bytea',
    'cache_scope text not null default ''''::text',
    'state text not null default ''queued''::text',
    'run_at timestamp with time zone not null',
    'waits_for text',
    'attempts integer not null default 0',
    'unsent integer not null default 0',
    'worker_id uuid',
    'started_at timestamp with time zone',
    'provider text',
    'model text',
    'price tollhouse_private.price',
    'reserved_micro_usd bigint not null default 0',
    'budget_month date',
    'spent_micro_usd bigint not null default 0',
    'need_micro_usd bigint',
    'cost_basis text not null default ''none''::text',
    'provider_attempted boolean not null default false',
    'error_code text',
    'error_message text',
    'metadata jsonb',
    'request jsonb not null',
    'line text'
  ],
  'jobs has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.jobs')$$,
  array[
    'jobs_line_check',
    'jobs_pkey',
    'jobs_reserved_check',
    'jobs_running_check',
    'jobs_state_check',
    'jobs_waits_for_check'
  ],
  'jobs has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'jobs', array['tenant_id', 'call_id']::name[], 'jobs: the key');
select indexes_are('tollhouse_private', 'jobs', array['jobs_budget_line_idx', 'jobs_coalesced_idx', 'jobs_line_idx', 'jobs_pkey', 'jobs_put_off_idx', 'jobs_queued_idx', 'jobs_running_idx', 'jobs_scheduled_idx', 'jobs_scheduled_user_idx'], 'jobs has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'jobs: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.jobs'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.jobs')$$,
  array[
    'jobs_all_engine: all for tollhouse_engine',
    'jobs_delete_owner: delete for tollhouse_owner',
    'jobs_select_client: select for tollhouse_client',
    'jobs_select_operator: select for tollhouse_auditor, tollhouse_monitor, tollhouse_operator',
    'jobs_select_owner: select for tollhouse_owner',
    'jobs_update_owner: update for tollhouse_owner'
  ],
  'jobs has exactly these policies'
);
select lives_ok(format('select pg_temp.enqueue(%L)', change), change || ' is a job')
from unnest(array[
  '{}', '{"state": "scheduled"}', '{"state": "coalesced"}',
  '{"state": "running", "worker_id": "00000000-0000-4000-8000-000000000001", "started_at": "2026-01-01", "reserved_micro_usd": 7}'
]) as change;
select throws_ok(format('select pg_temp.enqueue(%L)', change), '23514', null, change || ' is none')
from unnest(array[
  '{"state": "success"}',
  '{"state": "running"}',
  '{"state": "running", "started_at": "2026-01-01"}',
  '{"state": "running", "worker_id": "00000000-0000-4000-8000-000000000001"}',
  '{"worker_id": "00000000-0000-4000-8000-000000000001"}',
  '{"started_at": "2026-01-01"}',
  '{"reserved_micro_usd": 1}',
  '{"state": "running", "worker_id": "00000000-0000-4000-8000-000000000001", "started_at": "2026-01-01", "reserved_micro_usd": -1}'
]) as change;
select results_eq(
  $$
    select option::text collate "default" from pg_class as c cross join unnest(c.reloptions) as option
    where c.oid = 'tollhouse_private.jobs'::regclass and option ~ '^(fillfactor|autovacuum_vacuum_cost_delay)='
    order by 1
  $$,
  array['autovacuum_vacuum_cost_delay=0', 'fillfactor=70'],
  'the hot table leaves room for updates and is vacuumed without rests'
);

set local tollhouse.tenant_id = 'globex';
set local tollhouse.user_id = 'ann';
select pg_temp.enqueue('{"tenant_id": "globex"}');
set local role tollhouse_owner;
select throws_ok('select pg_temp.enqueue()', '42501', null, 'a client function cannot enqueue for another tenant');
select throws_ok($$select pg_temp.enqueue('{"tenant_id": "globex", "user_id": "bob"}')$$, '42501', null, 'nor for another user');
select throws_ok($$select pg_temp.enqueue('{"tenant_id": "globex"}')$$, '42501', null, 'nor for its caller: only the engine does');
select throws_ok($$update tollhouse_private.jobs set user_id = 'bob'$$, '42501', null, 'it gives no job away');
select throws_ok($$update tollhouse_private.jobs set metadata = '{}'$$, '42501', null, 'and changes nothing in one');
select results_eq('select j.tenant_id, j.user_id from tollhouse_private.jobs as j for update', $$values ('globex', 'ann')$$, 'it locks its caller''s jobs, and no other');
select results_eq('delete from tollhouse_private.jobs as j returning j.tenant_id, j.user_id', $$values ('globex', 'ann')$$, 'and removes them, and no other');
set local role tollhouse_client;
select throws_ok($$insert into tollhouse.jobs (tenant_id) values ('globex')$$, '42501', null, 'a client writes no job itself');
reset role;

select * from finish();
rollback;
