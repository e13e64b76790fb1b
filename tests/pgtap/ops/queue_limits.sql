begin;
select plan(14);

-- set_queue_limit
savepoint apart;
\ir scene.psql
create function pg_temp.limits() returns text language sql as $$
  select string_agg(format('%s %s %s', coalesce(nullif(ql.tenant_id, ''), 'all'), coalesce(ql.max_calls::text, '-'), coalesce(ql.max_bytes::text, '-')), '; ' order by ql.tenant_id)
  from tollhouse_private.queue_limits as ql
$$;

select is(pg_temp.leaves($$set_queue_limit('acme', 100, 1000, 'small plan')$$), 1::bigint, 'a limit is set, and it is audited');
select matches(pg_temp.audited(), '^set_queue_limit \| {"tenant_id": "acme"} \| small plan \| {.*"max_calls": 100.*}$', 'with nothing before');
select is(pg_temp.leaves($$set_queue_limit('', 5, null, 'for all')$$), 1::bigint, 'that of all others too');
select is(pg_temp.limits(), 'all 5 -; acme 100 1000', 'each stands');
select is(pg_temp.leaves($$set_queue_limit('acme', null, null, 'trusted')$$), 1::bigint, 'a tenant may be without one');
select is(pg_temp.limits(), 'all 5 -; acme - -', 'whatever holds for others');
select pg_temp.refuses('TH301', $$set_queue_limit('acme', 1, 1, ' ')$$, 'a limit takes a reason');
select pg_temp.refuses('TH303', $$set_queue_limit('acme', -1, 1, 'test')$$, 'less than nothing is refused');
select pg_temp.refuses('TH303', $$set_queue_limit('a b', 1, 1, 'test')$$, 'so is a malformed tenant');
select is(pg_temp.leaves($$drop_queue_limit('acme', 'as others')$$), 1::bigint, 'a tenant''s own limit is dropped, and it is audited');
select is(tollhouse_ops.drop_queue_limit('acme', 'again'), false, 'where there is none there is nothing to drop');
select pg_temp.refuses('TH303', $$drop_queue_limit('', 'test')$$, 'that of all others is set, not dropped');
rollback to apart;

-- queue_limits
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
