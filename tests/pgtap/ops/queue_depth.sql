begin;
select plan(3);

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

select * from finish();
rollback;
