begin;
select plan(34);

\ir scene.psql
create function pg_temp.lease_ends()
  returns void
  language sql
as $$
  update tollhouse_private.workers set alive_until = now() - interval '1 microsecond'
$$;
savepoint start;

-- The lease.
select results_eq($$select lease_ms, heartbeat_ms from tollhouse_worker.register('00000000-0000-0000-0000-000000000002', 'two', 5, '1.0')$$, $$values (15000, 5000)$$, 'a worker is told how long its lease lasts and when to renew it');
select ok((select alive_until = now() + interval '15 seconds' and not idle and in_flight = 0 from tollhouse_private.workers where name = 'two'), 'it is alive for that long');
select throws_ok($$select tollhouse_worker.register('00000000-0000-0000-0000-000000000002', 'two', 5, '1.0')$$, '23505', null, 'no id is registered twice');
select throws_ok($$select tollhouse_worker.register('00000000-0000-0000-0000-000000000003', 'three', 0, '1.0')$$, '23514', null, 'a worker has room for a call');
update tollhouse_private.settings set lease = '1 minute';
select is(tollhouse_worker.heartbeat('00000000-0000-0000-0000-000000000001', 7), true, 'a heartbeat renews the lease');
select ok((select alive_until = now() + interval '1 minute' and in_flight = 7 from tollhouse_private.workers where name = 'test'), 'for its whole length, and says how much is in flight');
select pg_temp.lease_ends();
select is(tollhouse_worker.heartbeat('00000000-0000-0000-0000-000000000001', 7), false, 'a lease that is over is not renewed');
select is(tollhouse_worker.heartbeat('00000000-0000-0000-0000-000000000009', 0), false, 'nor one that never was');
rollback to start;

-- Reap.
select pg_temp.ask('r' || i) from generate_series(1, 3) as i;
select pg_temp.claimed(2);
select is(tollhouse_worker.reap(), 0, 'the calls of a live worker are its own');
select pg_temp.lease_ends();
savepoint dead;
select is(tollhouse_worker.reap(), 2, 'the calls of a dead one are taken from it');
select is((select count(*) from tollhouse_private.workers), 0::bigint, 'and it is buried');
select results_eq('select request_id, state, attempts from tollhouse_private.jobs order by 1', $$values ('r1', 'scheduled', 1), ('r2', 'scheduled', 1), ('r3', 'queued', 0)$$, 'they wait for their next attempt');
select results_eq('select outcome, error_code, error_message, cost_basis, sent from tollhouse_private.provider_attempts limit 1',
  $$values ('abandoned', 'abandoned', 'worker 00000000-0000-0000-0000-000000000001 held it and died', 'reservation', true)$$, 'the attempt is on record as abandoned');
select is((select reserved_micro_usd from tollhouse_private.monthly_budgets where user_id = ''), 0::bigint, 'nothing of it stays reserved');
select is((select spent_micro_usd from tollhouse_private.monthly_budgets where user_id = ''), (select sum(cost_micro_usd)::bigint from tollhouse_private.provider_attempts), 'it is charged: never under-count');
select is(tollhouse_worker.reap(), 0, 'once');
rollback to dead;
update tollhouse_private.task_types set retries_abandoned = false;
select tollhouse_worker.reap();
select results_eq('select request_id, status, error_code, provider_attempted from tollhouse_private.llm_api_calls order by 1', $$values ('r1', 'failed', 'abandoned', true), ('r2', 'failed', 'abandoned', true)$$,
  'where an endpoint wants no second attempt they fail, and say so');
rollback to dead;
select tollhouse_worker.register('00000000-0000-0000-0000-000000000002', 'two', 5, '1.0');
select tollhouse_worker.reap();
select is((select count(*) from tollhouse_private.workers), 1::bigint, 'a live worker is not buried with a dead one');
rollback to dead;
-- A probe whose worker died frees its slot.
insert into tollhouse_private.breakers (tenant_id, user_id, provider, state, opened_at, open_until, probe_call_id)
select 'acme', 'ann', 'mock', 'half_open', now(), now(), call_id from tollhouse_private.jobs where request_id = 'r1';
select tollhouse_worker.reap();
select is((select state from tollhouse_private.breakers), 'open', 'a probe whose worker died says nothing of the provider');
select ok((select tollhouse_private.breaker_gate(state, open_until, clock_timestamp()) = 'probe' from tollhouse_private.breakers), 'and the next call may probe');
rollback to start;

-- Deregister.
select pg_temp.ask('r1');
select pg_temp.claimed();
select tollhouse_worker.deregister('00000000-0000-0000-0000-000000000001');
select results_eq('select state, error_code from tollhouse_private.jobs', $$values ('scheduled', 'abandoned')$$, 'what a worker still held when it left is retried at once');
select lives_ok($$select tollhouse_worker.deregister('00000000-0000-0000-0000-000000000001')$$, 'leaving twice is no error');
rollback to start;

-- What to abort.
create function pg_temp.to_abort(p_worker_id uuid default '00000000-0000-0000-0000-000000000001')
  returns setof text
  language sql
as $$
  select format('%s %s %s', j.request_id, a.attempt, a.reason)
  from tollhouse_worker.calls_to_abort(p_worker_id) as a
  join tollhouse_private.jobs as j on j.call_id = a.call_id
  order by 1
$$;
select pg_temp.ask('r1');
select pg_temp.ask('e1', 'explanation');
select pg_temp.claimed();
savepoint two_running;
select is_empty('select pg_temp.to_abort()', 'without a reason nothing is aborted');
select tollhouse.cancel((select call_id from tollhouse_private.jobs where request_id = 'r1'));
select results_eq('select pg_temp.to_abort()', array['r1 1 cancelled'], 'a cancelled call is');
select is_empty($$select pg_temp.to_abort('00000000-0000-0000-0000-000000000002')$$, 'by the worker that holds it');
rollback to two_running;
create function pg_temp.stopped_by(p_scope text, p_target text, p_tenant_id text default '')
  returns text
  language plpgsql
as $$
begin
  perform tollhouse_ops.pull_kill_switch(p_scope, p_target, 'test', p_tenant_id);
  raise exception using errcode = 'PT001', message = (select coalesce(string_agg(a, ', '), 'nothing') from pg_temp.to_abort() as a);
exception
  when sqlstate 'PT001' then
    return sqlerrm;
end
$$;
select is(pg_temp.stopped_by('global', '*'), 'e1 1 aborted, r1 1 aborted', 'the global switch aborts everything in flight');
select is(pg_temp.stopped_by('provider', 'mock'), 'e1 1 aborted, r1 1 aborted', 'a provider''s what runs there');
select is(pg_temp.stopped_by('model', 'small'), 'e1 1 aborted, r1 1 aborted', 'a model''s what it answers');
select is(pg_temp.stopped_by('endpoint', 'route'), 'r1 1 aborted', 'an endpoint''s its own');
select is(pg_temp.stopped_by('tenant', 'acme'), 'e1 1 aborted, r1 1 aborted', 'a tenant''s its own');
select is(pg_temp.stopped_by('tenant', 'globex'), 'nothing', 'and no other tenant''s');
select is(pg_temp.stopped_by('user', 'ann', 'acme'), 'e1 1 aborted, r1 1 aborted', 'a user''s their own');
select is(pg_temp.stopped_by('user', 'ann', 'globex'), 'nothing', 'and not those of the same name elsewhere');
rollback to start;

-- Upkeep.
insert into tollhouse_private.response_cache values
  ('acme', '', 'route', 'old', '', gen_random_uuid(), 'mock', 'small', 1, '{}', now() - interval '10 minutes'),
  ('acme', '', 'route', 'just', '', gen_random_uuid(), 'mock', 'small', 1, '{}', now() - interval '9 minutes');
insert into tollhouse_private.deliveries values ('acme', gen_random_uuid(), 'ann', '{}', now()), ('acme', gen_random_uuid(), 'ann', '{}', now() + interval '1 second');
insert into tollhouse_private.request_keys values
  ('acme', 'route', 'ancient', 'ann', gen_random_uuid(), now() - interval '27 months', ''), ('acme', 'route', 'old', 'ann', gen_random_uuid(), now() - interval '24 months', '');
select tollhouse_worker.maintain();
select is(concat_ws(' ', (select string_agg(encode(cache_key, 'escape'), ',') from tollhouse_private.response_cache), (select count(*) from tollhouse_private.deliveries), (select string_agg(request_id, ',') from tollhouse_private.request_keys)),
  'just 1 old', 'upkeep removes what is past its time, and nothing else');

select * from finish();
rollback;
