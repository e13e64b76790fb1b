begin;
select plan(20);

\ir ../one_provider.psql
create function pg_temp.ask(p_count integer, p_bytes integer default 1) returns text language plpgsql as $$
begin
  perform tollhouse.enqueue('route', jsonb_build_object('prompt', repeat('x', p_bytes)), p_use_cache => false) from generate_series(1, p_count);
  return 'queued';
exception
  when sqlstate 'TH112' then return sqlerrm;
end
$$;
create function pg_temp.queued() returns bigint language sql as $$ select count(*) from tollhouse_private.jobs $$;

select tollhouse_ops.set_queue_limit('acme', 60, null, 'test');
select is(pg_temp.ask(60), 'queued', 'a queue is filled to its limit');
savepoint full_up;
select is(pg_temp.ask(1), 'queue is full', 'what is over is refused');
select is(pg_temp.queued(), 60::bigint, 'and nothing of it written');
select throws_ok($$select tollhouse.enqueue_many('[{"endpoint": "route", "request": {"prompt": "more"}}]')$$, 'TH112', 'queue is full', 'a batch too');
select tollhouse.set_identity('acme', 'bob');
select is(pg_temp.ask(1), 'queue is full', 'a colleague''s too: the limit is the tenant''s');
select tollhouse.set_identity('globex', 'gus');
select is(pg_temp.ask(100), 'queued', 'another tenant''s is not');
rollback to full_up;
select tollhouse.cancel(j.call_id) from (select j.call_id from tollhouse_private.jobs as j limit 5) as j;
select is(pg_temp.ask(5), 'queued', 'what is over makes room');
select is(pg_temp.ask(1), 'queue is full', 'for as many');
select tollhouse_ops.set_queue_limit('acme', null, null, 'test');
select is(pg_temp.ask(10), 'queued', 'a tenant may be without a limit');
select tollhouse_ops.drop_queue_limit('acme', 'test'), tollhouse_ops.set_queue_limit('', 70, null, 'test');
select is(pg_temp.ask(1), 'queue is full', 'who has none of their own have that of all others');

-- Bytes, and a limit too large to count each time.
delete from tollhouse_private.jobs;
select tollhouse_ops.set_queue_limit('', null, 10000, 'test');
select is(pg_temp.ask(1, 9000), 'queued', 'requests have their bytes');
select is(pg_temp.ask(1, 1000), 'queue is full', 'however few they are');
select tollhouse_ops.set_queue_limit('', 3000, null, 'test');
select is(pg_temp.ask(2999) || ', ' || pg_temp.ask(1), 'queued, queue is full', 'a large limit is held, too');
select cmp_ok((select count(*) from tollhouse_private.queue_counts), '<', 3::bigint, 'by a count now and then');

-- At a large limit a count is remembered, by what no refusal rolls back.
create function pg_temp.hash() returns bigint language sql as $$
  select hashtextextended(format('acme %s %s', ql.max_calls, ql.max_bytes), 0) from tollhouse_private.queue_limits as ql where ql.tenant_id = ''
$$;
create function pg_temp.look() returns regclass language sql as $$
  select format('tollhouse_private.queue_look_%s', pg_temp.hash() & 7)::regclass
$$;
create function pg_temp.found(p_ms integer, p_full integer) returns bigint language sql as $$
  select setval(pg_temp.look(), ((extract(epoch from clock_timestamp()) * 1000)::bigint + p_ms << 21) + ((pg_temp.hash() >> 3 & 1048575) << 1) + p_full)
$$;
select tollhouse.set_identity('acme', 'ann'), tollhouse_ops.set_queue_limit('', 20000, null, 'test');
insert into tollhouse_private.queue_counts (tenant_id, calls, bytes) values ('acme', 20000, 0);
select pg_temp.found(9000, 1);
select is(pg_temp.ask(1), 'queue is full', 'at a large limit what was just counted holds');
select pg_temp.found(-1, 1);
select is(pg_temp.ask(1), 'queued', 'until its time is over');
select pg_temp.found(60000, 1);
select is(pg_temp.ask(1), 'queued', 'which no clock that goes back makes longer');
insert into tollhouse_private.queue_counts (tenant_id, calls, bytes) values ('acme', 20000, 0);
select pg_temp.found(9000, 1), tollhouse_ops.set_queue_limit('', 20001, null, 'test');
select is(pg_temp.ask(1), 'queued', 'and which another limit ends');
insert into tollhouse_private.queue_counts (tenant_id, calls, bytes) values ('acme', 20000, 0);
select tollhouse_ops.set_queue_limit('', 3000, null, 'test');
select pg_temp.found(9000, 0);
select is(pg_temp.ask(1), 'queued', 'room that was just counted is given');
select pg_temp.found(-1, 0);
select is(pg_temp.ask(1) || ', ' || (pg_sequence_last_value(pg_temp.look()) & 1), 'queue is full, 1', 'a refusal leaves behind what it found');

select * from finish();
rollback;
