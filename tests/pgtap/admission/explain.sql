begin;
select plan(22);

\ir explained.psql

-- Not found.
select results_eq($$select status, why, call_id from tollhouse.explain('route', 'nothing')$$,
  $$values ('unknown', 'You have no call with this request id at this endpoint.', null::uuid)$$, 'a call that does not exist is unknown, in one row');
select is((select what_to_do from tollhouse.explain('route', 'nothing')), 'Check both, and whether the transaction that enqueued it was committed.', 'with what to check');
select matches((select concat_ws(' ', why, what_to_do) from tollhouse.explain('rout', 'nothing')), '^There is no endpoint ''rout''\. Known: .*route', 'a mistyped endpoint is called one');
select set_config('tollhouse.user_id', '', true);
select is((select what_to_do from tollhouse.explain('route', 'nothing')), 'In the same transaction, first: select tollhouse.set_identity(''tenant'', ''user'').', 'or whom to say one is');
rollback to start;

select tollhouse.enqueue('route', '{"prompt": "a"}', 'r0');
select pg_temp.tick();
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
savepoint queued;
select results_eq($$select status, why, what_to_do, next_try_at, queue_position, attempts, last_error from tollhouse.explain('route', 'r1')$$,
  $$values ('queued', 'It is in line for the next free worker.', 'Nothing: it goes on by itself.', null::timestamptz, 2::bigint, 0, null::text)$$,
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
  $$values ('success', 'Answered by small after 1 attempt.', 'Nothing: it is over.', 1, true)$$, 'a success says who answered');
select results_eq($$select status, why, attempts from tollhouse.explain('route', 'r1')$$, $$values ('success', 'Answered together with the same request that was under way, free of charge.', 0)$$, 'or that it was the same answer');
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r2');
select results_eq($$select status, why, attempts from tollhouse.explain('route', 'r2')$$, $$values ('success', 'Answered from the cache, free of charge.', 0)$$, 'or that the cache did');
rollback to start;
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
savepoint queued;
select pg_temp.claimed();
select pg_temp.record('rejected', 'invalid_request', 'no such thing');
select results_eq($$select status, why, what_to_do, last_error from tollhouse.explain('route', 'r1')$$,
  $$values ('failed', 'Failed after 1 attempt, at a cost of 0 USD. The last one, model small at provider mock, ended with invalid_request.', 'Read last_error; to try again, enqueue under a new request id.', 'invalid_request: no such thing')$$,
  'a failure says what went wrong');
rollback to queued;
select pg_temp.claimed();
select pg_temp.record('aborted');
select is(pg_temp.why(), 'A kill switch was pulled while the call was in flight; it was aborted and may have been billed.', 'a call aborted in flight may have been billed');
rollback to queued;
select tollhouse.cancel((select call_id from tollhouse.explain('route', 'r1')));
select results_eq($$select status, why from tollhouse.explain('route', 'r1')$$, $$values ('cancelled', 'It was cancelled.')$$, 'a cancelled call was cancelled');
rollback to queued;
select tollhouse_ops.stop_everything('test');
select pg_temp.claimed();
select is(pg_temp.why(), 'An operator has stopped calls like this one with a kill switch on everything (test).', 'a blocked call says which guard it was');
select is((select what_to_do from tollhouse.explain('route', 'r1')), 'Once it is lifted, enqueue again under a new request id.', 'and what to do');
select tollhouse_ops.resume_everything('test');
select is((select what_to_do from tollhouse.explain('route', 'r1')), 'It is lifted: enqueue again under a new request id.', 'and that it can be done');
rollback to start;

-- It changes nothing, and it is one row in every state.
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
select is((select count(*) from generate_series(1, 3) cross join lateral tollhouse.explain('route', 'r1')), 3::bigint, 'one row a question');
select volatility_is('tollhouse', 'explain', array['text', 'text', 'text'], 'stable', 'asking changes nothing');

select * from finish();
rollback;
