begin;
select plan(1);

\ir guards.psql
select tollhouse_ops.set_queue_limit('globex', 7, null, 'test'), tollhouse_ops.set_queue_limit('', 9, 1000, 'test');
select results_eq(
  'select tenant_id, calls, max_calls, max_bytes, own_limit from tollhouse_ops.queue_limits order by tenant_id',
  $$values ('' collate "C", 0::bigint, 9::bigint, 1000::bigint, true), ('acme', 6, 9, 1000, false), ('globex', 1, 7, null, true)$$,
  'queue_limits: what each tenant has queued, and may have'
);

select * from finish();
rollback;
