begin;
select plan(34);

-- explain_call
savepoint apart;
\ir explained.psql

create function pg_temp.told(p_request_id text default 'r1')
  returns text
  language sql
as $$
  select concat_ws(' | ', e.status, e.why, e.queue_position)
  from tollhouse_private.request_keys as rk
  cross join lateral tollhouse_private.explain_call(rk, clock_timestamp()) as e
  where rk.request_id = p_request_id
$$;
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
select is(pg_temp.told(), 'queued | It is waiting for a free worker. | 1', 'a call that waits, with its place');
select pg_temp.tick();
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r2');
select is(pg_temp.told('r2'), 'queued | It is waiting for a free worker. | 2', 'behind the one before it');
select pg_temp.claimed();
select is(pg_temp.told('r2'), 'queued | An identical request is already in flight; this call is waiting for its answer instead of paying twice.', 'one that waits for another is queued to its caller');
select pg_temp.record('success');
select is(pg_temp.told(), 'success | Answered by small after 1 attempt.', 'and one that is over');
rollback to apart;

-- explain
savepoint apart;
\ir explained.psql

-- Not found.
select results_eq($$select status, why, call_id from tollhouse.explain('route', 'nothing')$$,
  $$values ('unknown', 'You have no call with this request id at this endpoint.', null::uuid)$$, 'a call that does not exist is unknown, in one row');
select is((select what_to_do from tollhouse.explain('route', 'nothing')), 'Check both, and that the transaction that enqueued it has committed.', 'with what to check');
select matches((select concat_ws(' ', why, what_to_do) from tollhouse.explain('rout', 'nothing')), '^There is no endpoint ''rout''\. Known: .*route', 'a mistyped endpoint is called one');
select set_config('tollhouse.user_id', '', true);
select is((select what_to_do from tollhouse.explain('route', 'nothing')), 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').', 'or whom to say one is');
rollback to start;

select tollhouse.enqueue('route', '{"prompt": "a"}', 'r0');
select pg_temp.tick();
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
savepoint queued;
select results_eq($$select status, why, what_to_do, next_try_at, queue_position, attempts, last_error from tollhouse.explain('route', 'r1')$$,
  $$values ('queued', 'It is waiting for a free worker.', 'Nothing. It will continue by itself.', null::timestamptz, 2::bigint, 0, null::text)$$,
  'a queued call is in line, at its place');
select tollhouse.set_identity('acme', 'bob');
select is((select status from tollhouse.explain('route', 'r1')), 'unknown', 'another user''s call is unknown');
select is((select status from tollhouse.explain('route', 'r1', 'ann')), 'unknown', 'asked for by name too');
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
select results_eq($$select user_id, status from tollhouse.explain('route', 'r1')$$, $$values ('bob', 'queued')$$, 'the same request id of theirs is their own call');
create role tollhouse_test_admin login in role tollhouse_client;
insert into tollhouse_private.login_bindings (login, tenant_id, reads_all_users) values ('tollhouse_test_admin', 'acme', true);
set local session authorization tollhouse_test_admin;
select results_eq($$select user_id, status from tollhouse.explain('route', 'r1')$$, $$values ('bob', 'queued'), ('ann', 'queued')$$,
  'to their administrator it is a row for each of them, the latest first');
select results_eq($$select user_id, status from tollhouse.explain('route', 'r1', 'ann')$$, $$values ('ann', 'queued')$$, 'or the one that is named');
select results_eq($$select user_id, status from tollhouse.explain('route', 'r1', 'eve')$$, $$values (null::text, 'unknown')$$, 'or none, in one row');
set local session authorization default;
rollback to start;

-- Over.
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r0');
select pg_temp.tick();
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
savepoint queued;
select pg_temp.claimed();
select pg_temp.record('success');
select pg_temp.claimed();
select results_eq($$select status, why, what_to_do, attempts, since is not null from tollhouse.explain('route', 'r0')$$,
  $$values ('success', 'Answered by small after 1 attempt.', 'Nothing. The call has ended.', 1, true)$$, 'a success says who answered');
select results_eq($$select status, why, attempts from tollhouse.explain('route', 'r1')$$, $$values ('success', 'Answered free of charge with the result of an identical request in flight.', 0)$$, 'or that it was the same answer');
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r2');
select results_eq($$select status, why, attempts from tollhouse.explain('route', 'r2')$$, $$values ('success', 'Answered free of charge from the cache.', 0)$$, 'or that the cache did');
rollback to start;
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
savepoint queued;
select pg_temp.claimed();
select pg_temp.record('rejected', 'invalid_request', 'no such thing');
select results_eq($$select status, why, what_to_do, last_error from tollhouse.explain('route', 'r1')$$,
  $$values ('failed', 'Failed after 1 attempt costing 0 USD. The last one (model small, provider mock) ended with invalid_request.', 'See last_error. To try again, enqueue under a new request id.', 'invalid_request: no such thing')$$,
  'a failure says what went wrong');
rollback to queued;
select pg_temp.claimed();
select pg_temp.record('aborted');
select is(pg_temp.why(), 'A kill switch was pulled while the call was in flight. It was aborted and may have been billed.', 'a call aborted in flight may have been billed');
rollback to queued;
select tollhouse.cancel((select call_id from tollhouse.explain('route', 'r1')));
select results_eq($$select status, why from tollhouse.explain('route', 'r1')$$, $$values ('cancelled', 'The call was cancelled.')$$, 'a cancelled call was cancelled');
rollback to queued;
select tollhouse_ops.stop_everything('test');
select pg_temp.claimed();
select is(pg_temp.why(), 'Calls like this one are stopped by a kill switch on everything (test).', 'a blocked call says which guard it was');
select is((select what_to_do from tollhouse.explain('route', 'r1')), 'Enqueue again under a new request id once the switch is lifted.', 'and what to do');
select tollhouse_ops.resume_everything('test');
select is((select what_to_do from tollhouse.explain('route', 'r1')), 'The switch has been lifted. Enqueue again under a new request id.', 'and that it can be done');
rollback to start;

-- It changes nothing, and it is one row in every state.
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
select is((select count(*) from generate_series(1, 3) cross join lateral tollhouse.explain('route', 'r1')), 3::bigint, 'one row a question');
select volatility_is('tollhouse', 'explain', array['text', 'text', 'text'], 'stable', 'asking changes nothing');
rollback to apart;

-- explain
\ir ../one_provider.psql
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1');

set local role tollhouse_auditor;
select results_eq($$select e.status, e.why, e.what_to_do, e.queue_position from tollhouse_ops.explain('acme', 'route', 'r1') as e$$,
  $$values ('queued', 'It is waiting for a free worker.', 'Nothing. It will continue by itself.', 1::bigint)$$, 'whoever is asked about a call reads what its caller reads');
select results_eq($$select e.status, e.why from tollhouse_ops.explain('globex', 'route', 'r1') as e$$,
  $$values ('unknown', 'Tenant ''globex'' has no call with this request id at endpoint ''route''.')$$, 'another tenant''s is not it');
reset role;
select pg_temp.tick();
select set_config('tollhouse.user_id', 'bob', true);
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1');
set local role tollhouse_auditor;
select results_eq($$select e.user_id, e.status, e.queue_position from tollhouse_ops.explain('acme', 'route', 'r1') as e$$,
  $$values ('bob', 'queued', 1::bigint), ('ann', 'queued', 1)$$, 'a request id of two users is a row for each, the latest first, with its place among that user''s calls');
select results_eq($$select e.user_id, e.status from tollhouse_ops.explain('acme', 'route', 'r1', 'ann') as e$$, $$values ('ann', 'queued')$$, 'or the one that is named');
select is((select e.why from tollhouse_ops.explain('acme', 'route', 'r1', 'eve') as e),
  'Tenant ''acme'' has no call with this request id at endpoint ''route'' of user ''eve''.', 'or none');
reset role;
select tollhouse_ops.set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'test');
set local role tollhouse_operator;
select matches((select e.why from tollhouse_ops.explain('acme', 'route', 'r1', 'ann') as e), '^The tenant is shut off until', 'whose tenant is shut off too');
reset role;
set local role tollhouse_client;
select throws_ok($$select tollhouse_ops.explain('acme', 'route', 'r1')$$, '42501', null, 'a client may not ask for others');
reset role;
select volatility_is('tollhouse_ops', 'explain', array['text', 'text', 'text', 'text'], 'stable', 'asking changes nothing');

select * from finish();
rollback;
