begin;
select plan(6);

\ir ../one_provider.psql
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'waits');

select columns_are('tollhouse_ops', 'unfinished_calls', array[
  'tenant_id', 'call_id', 'created_at', 'user_id', 'endpoint', 'request_id', 'request_bytes', 'state', 'run_at', 'waits_for',
  'attempts', 'worker_id', 'provider', 'model', 'started_at', 'reserved_micro_usd', 'spent_micro_usd', 'error_code'
], 'a call that waits, in numbers and names');
set local role tollhouse_monitor;
select results_eq('select request_id, state from tollhouse_ops.unfinished_calls', $$values ('waits', 'queued')$$, 'the monitor sees it');
select is_empty('select from tollhouse_ops.finished_calls', 'and none that is over');
select is_empty('select from tollhouse_ops.attempts', 'nor an attempt');
select throws_ok('select from tollhouse.jobs', '42501', null, 'it does not see what is asked');
select throws_ok($$select tollhouse_ops.explain('acme', 'route', 'waits')$$, '42501', null, 'nor a provider''s words');
reset role;

select * from finish();
rollback;
