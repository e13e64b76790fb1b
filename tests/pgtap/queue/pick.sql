begin;
select plan(25);

-- A job of ann's at acme that may be claimed; a test says in what its own is different.
create function pg_temp.job(p_change jsonb default '{}') returns tollhouse_private.jobs language sql as $$
  select jsonb_populate_record(null::tollhouse_private.jobs, jsonb_build_object(
    'tenant_id', 'acme', 'user_id', 'ann', 'call_id', made.call_id, 'request_id', made.call_id, 'endpoint', 'route',
    'created_at', tollhouse_private.call_created_at(made.call_id), 'fingerprint', '\x00', 'request_bytes', 10,
    'max_output_tokens', 10, 'cache_scope', '', 'watermark', '', 'state', 'queued', 'run_at', now(), 'attempts', 0, 'unsent', 0,
    'reserved_micro_usd', 0, 'spent_micro_usd', 0, 'cost_basis', 'none', 'provider_attempted', false,
    'request', '{"prompt": "x"}'::jsonb
  ) || p_change)
  from tollhouse_private.new_call_id(clock_timestamp()) as made (call_id)
$$;
-- Jobs of a tenant, the older the smaller the number in request_id.
create function pg_temp.enqueue(p_tenant_id text, p_count integer, p_change jsonb default '{}') returns void language sql as $$
  insert into tollhouse_private.jobs
  select (pg_temp.job(jsonb_build_object(
    'tenant_id', p_tenant_id, 'request_id', n,
    'call_id', tollhouse_private.new_call_id('2026-01-01'::timestamptz + n * interval '1 s')
  ) || p_change)).*
  from generate_series(1, p_count) as n
$$;
-- What a pick takes: tenant and request ids, in the order of the pick.
create function pg_temp.picked(p_last_tenant_id text, p_limit integer) returns setof text language sql as $$
  select p.tenant_id || p.request_id
  from unnest(tollhouse_private.pick(p_last_tenant_id, p_limit)) with ordinality as p
  order by p.ordinality
$$;

select is(tollhouse_private.tenants_in_line('', 10), '{}', 'with nothing queued nobody is in line');
select is_empty($$select pg_temp.picked('', 10)$$, 'and nothing is picked');

do $$ begin perform pg_temp.enqueue('c', 10), pg_temp.enqueue('a', 10), pg_temp.enqueue('b', 10); end $$;
do $$ begin perform pg_temp.enqueue('d', 5, '{"state": "scheduled"}'), pg_temp.enqueue('e', 5, '{"state": "coalesced"}'),
  pg_temp.enqueue('f', 5, '{"state": "running", "worker_id": "00000000-0000-4000-8000-000000000001", "started_at": "2026-01-01"}'); end $$;

select is(tollhouse_private.tenants_in_line('', 10), array['a', 'b', 'c'], 'in line are the tenants with queued jobs, in order');
select is(tollhouse_private.tenants_in_line('a', 10), array['b', 'c'], 'after the one that was served last');
select is(tollhouse_private.tenants_in_line('aa', 10), array['b', 'c'], 'which need not be there any more');
select is(tollhouse_private.tenants_in_line('c', 10), '{}', 'after the last there is nobody');
select is(tollhouse_private.tenants_in_line('', 2), array['a', 'b'], 'no more than asked for');
select is(tollhouse_private.tenants_in_line('', 0), '{}', 'nobody when none is asked for');

select results_eq(
  $$select pg_temp.picked('', 6)$$, array['a1', 'a2', 'b1', 'b2', 'c1', 'c2'],
  'each tenant gets an equal share, its oldest jobs first'
);
select results_eq(
  $$select pg_temp.picked('a', 6)$$, array['b1', 'b2', 'c1', 'c2', 'a1', 'a2'], 'the round goes on after the tenant served last'
);
select results_eq(
  $$select pg_temp.picked('c', 3)$$, array['a1', 'b1', 'c1'], 'and after the last tenant begins again'
);
select results_eq($$select pg_temp.picked('a', 2)$$, array['b1', 'c1'], 'fewer places than tenants: the next in line');
select results_eq($$select pg_temp.picked('b', 2)$$, array['c1', 'a1'], 'round the corner');
select results_eq($$select pg_temp.picked('', 1)$$, array['a1'], 'one place goes to one');
select results_eq(
  $$select pg_temp.picked('', 7)$$, array['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1'], 'a share that is not whole is rounded up, and never more than the limit picked'
);
select is((select count(*) from pg_temp.picked('', 100)), 30::bigint, 'a large limit takes all that is queued, and only that');
select is_empty($$select pg_temp.picked('', 0)$$, 'no place, no pick');

delete from tollhouse_private.jobs where tenant_id = 'a' and request_id::integer > 1;
delete from tollhouse_private.jobs where tenant_id = 'b' and request_id::integer > 2;
select bag_eq(
  $$select pg_temp.picked('', 9)$$, array['a1', 'b1', 'b2', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6'],
  'what short queues leave goes to the long one'
);
select bag_eq(
  $$select pg_temp.picked('b', 4)$$, array['c1', 'c2', 'a1', 'b1'],
  'a pick that is full from the shares takes nothing beyond them'
);
delete from tollhouse_private.jobs where tenant_id in ('a', 'b');
select results_eq(
  $$select pg_temp.picked('a', 4)$$, array['c1', 'c2', 'c3', 'c4'], 'a tenant that is alone gets everything'
);
select results_eq($$select pg_temp.picked('c', 2)$$, array['c1', 'c2'], 'turn after turn');

-- Promotion.
delete from tollhouse_private.jobs;
do $$ begin perform pg_temp.enqueue('t', 1, jsonb_build_object('state', 'scheduled', 'run_at', '2026-02-01 12:00:00+00')); end $$;
do $$ begin perform tollhouse_private.promote_due('2026-02-01 11:59:59.999999+00'); end $$;
select results_eq('select state from tollhouse_private.jobs', array['scheduled'], 'a microsecond early, a scheduled job stays');
do $$ begin perform tollhouse_private.promote_due('2026-02-01 12:00:00+00'); end $$;
select results_eq('select state from tollhouse_private.jobs', array['queued'], 'at its time it is queued');
delete from tollhouse_private.jobs;
do $$ begin perform pg_temp.enqueue('t', 3, '{"state": "coalesced", "run_at": "2026-01-01"}'); end $$;
do $$ begin perform tollhouse_private.promote_due('2026-02-01'); end $$;
select is(
  (select count(*) from tollhouse_private.jobs where state = 'coalesced'), 3::bigint, 'a job that waits for another''s answer waits for that, not for a time'
);
do $$ begin perform pg_temp.enqueue('u', 1001, '{"state": "scheduled", "run_at": "2026-01-01"}'); end $$;
update tollhouse_private.jobs set run_at = '2026-01-02' where tenant_id = 'u' and request_id = '500';
do $$ begin perform tollhouse_private.promote_due('2026-02-01'); end $$;
select results_eq(
  $$select request_id from tollhouse_private.jobs where state = 'scheduled'$$, array['500'], 'a thousand are promoted at a time, the longest due first'
);

select * from finish();
rollback;
