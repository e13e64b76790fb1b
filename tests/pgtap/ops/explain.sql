begin;
select plan(8);

\ir ../one_provider.psql
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1');

set local role tollhouse_auditor;
select results_eq($$select e.status, e.why, e.what_to_do, e.queue_position from tollhouse_ops.explain('acme', 'route', 'r1') as e$$,
  $$values ('queued', 'It is in line for the next free worker.', 'Nothing: it goes on by itself.', 1::bigint)$$, 'whoever is asked about a call reads what its caller reads');
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
