begin;
select plan(2);

\ir guards.psql
select tollhouse_ops.set_queue_limit('globex', 7, null, 'test'), tollhouse_ops.set_queue_limit('', 9, 1000, 'test');
select results_eq(
  'select tenant_id, calls, max_calls, max_bytes, percent > 0, own_limit from tollhouse_ops.queue_limits order by tenant_id',
  $$values ('' collate "C", 0::bigint, 9::bigint, 1000::bigint, false, true), ('acme', 6, 9, 1000, true, false), ('globex', 1, 7, null, true, true)$$,
  'queue_limits: what each tenant has queued, and may have'
);
set local role tollhouse_monitor;
select is((select percent from tollhouse_ops.queue_limits where tenant_id = 'globex'), 14.3, 'the monitor sees how full each is');
reset role;

select * from finish();
rollback;
