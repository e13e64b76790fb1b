begin;
select plan(7);

-- queue_depth
savepoint apart;
\ir guards.psql

select results_eq(
  'select tenant_id, queued, scheduled, waiting_for_budget, coalesced, running, oldest_waiting_seconds, oldest_call_seconds, reserved_usd from tollhouse.queue_depth order by tenant_id',
  $$values ('acme', 2::bigint, 2::bigint, 0::bigint, 1::bigint, 1::bigint, 90.0, 600.0, 0.250000), ('globex', 0, 0, 0, 1, 0, null, 0.0, 0.000000)$$,
  'queue_depth: each state, and how long the oldest has waited'
);

set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select results_eq('select tenant_id, queued, scheduled, running from tollhouse.queue_depth', $$values ('acme', 1::bigint, 2::bigint, 1::bigint)$$, 'ann sees her own calls in the queue');
set local tollhouse.tenant_id = 'initech';
select is_empty('select from tollhouse.queue_depth', 'another tenant sees none of them');
rollback to apart;

-- workers
do $$
begin
  perform tollhouse_ops.set_provider('north', 'test');
  perform tollhouse_worker.register('00000000-0000-4000-8000-000000000001', 'one', 8, '1.0'),
    tollhouse_worker.register('00000000-0000-4000-8000-000000000002', 'two', 4, '1.0');
end
$$;
update tollhouse_private.workers set alive_until = now() - interval '5 seconds', in_flight = 3, idle = true where name = 'two';
update tollhouse_private.workers set alive_until = now() + interval '10 seconds' where name = 'one';
insert into tollhouse_private.jobs (
  tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes, max_output_tokens, run_at, request, state, worker_id, started_at)
select 'acme', gen_random_uuid(), 'ann', 'route', n::text, now(), '', 1, 1, now(), '{}', 'running', '00000000-0000-4000-8000-000000000001', now() - make_interval(secs => n)
from generate_series(1, 2) as n;

set local role tollhouse_auditor;
select results_eq(
  'select name, version, state, lease_left_seconds, capacity, in_flight, holds, idle, oldest_held_seconds from tollhouse_ops.workers order by name',
  $$values ('one', '1.0', 'alive', 10.0, 8, 0, 2::bigint, false, 2.0), ('two', '1.0', 'lease expired', -5.0, 4, 3, 0, true, null)$$,
  'workers: what each says, and what the queue says it holds'
);
reset role;
set local role tollhouse_operator;
select isnt_empty('select from tollhouse_ops.workers', 'an operator reads it too');
reset role;
select is_empty(
  $$
    select who.rolname from pg_roles as who
    where who.rolname in ('tollhouse_client', 'tollhouse_worker') and has_table_privilege(who.oid, 'tollhouse_ops.workers', 'select')
  $$,
  'tenants and workers do not'
);
set local role tollhouse_client;
select throws_ok('select from tollhouse_ops.workers', '42501', null, 'nor do they enter the schema');

select * from finish();
rollback;
