begin;
select plan(29);

-- small: 1 and 2 USD per million tokens at provider one; large: 10 and 20 at provider two.
insert into tollhouse_private.providers (provider) values ('one'), ('two');
insert into tollhouse_private.models values ('small', 'one', 'one-small'), ('large', 'two', 'two-large'), ('free', 'two', 'two-free');
insert into tollhouse_private.model_prices (model, kind, effective_from, micro_usd_per_million)
values
  ('small', 'input', '2030-01-01Z', 1000000), ('small', 'output', '2030-01-01Z', 2000000),
  ('large', 'input', '2030-01-01Z', 10000000), ('large', 'output', '2030-01-01Z', 20000000);
update tollhouse_private.task_types set models = array['small', 'large'] where endpoint = 'route';
update tollhouse_private.task_types set models = array['small'] where endpoint = 'explanation';
update tollhouse_private.task_types set models = array['free', 'small'] where endpoint = 'investigation';

create function pg_temp.work(p_label text, p_user_id text, p_more jsonb default '{}')
  returns tollhouse_private.work
  language sql
as $$
  select jsonb_populate_record(null::tollhouse_private.work, jsonb_build_object(
    'tenant_id', 'acme', 'user_id', p_user_id, 'cache_scope', p_label, 'endpoint', 'route',
    'call_id', md5(p_label)::uuid, 'attempts', 0, 'unsent', 0, 'spent_micro_usd', 0, 'request_bytes', 100, 'max_output_tokens', 100
  ) || p_more)
$$;

create function pg_temp.routed(variadic p_jobs tollhouse_private.work[])
  returns setof text
  language sql
as $$
  with decision as materialized (
    select d.* from tollhouse_private.route_jobs(p_jobs, '2030-01-15 12:00Z', '{}') as d
  )
  select said
  from (
    select format('%s: %s, %s', (r.job).cache_scope, r.model, r.reservation)
      || case when r.user_probe then ', user probe' else '' end
      || case when r.provider_probe then ', provider probe' else '' end as said
    from decision as d
    cross join lateral unnest(d.routes) as r
    union all
    select format('%s: %s %s', j.cache_scope, v.verdict, v.reason)
    from decision as d
    cross join lateral unnest(d.verdicts) as v
    join unnest(p_jobs) as j on j.call_id = v.call_id
  ) as s
  order by 1
$$;

create function pg_temp.open_breaker(p_user_id text, p_provider text, p_open_until timestamptz, p_probe uuid default null)
  returns void
  language sql
as $$
  insert into tollhouse_private.breakers (tenant_id, user_id, provider, state, opened_at, open_until, probe_call_id)
  values ('acme', p_user_id, p_provider, case when p_probe is null then 'open' else 'half_open' end, '2030-01-15 11:00Z', p_open_until, p_probe)
$$;

-- Order, rotation, request for one model.
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann'))$$, $$values ('a: small, 300')$$,
  'a first attempt goes to the preferred model and reserves its highest possible cost');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"attempts": 1}'))$$, $$values ('a: large, 3000')$$,
  'the second attempt begins with the next model');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"attempts": 2}'))$$, $$values ('a: small, 300')$$,
  'after the last model it is the first one''s turn again');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"attempts": 1, "unsent": 1}'))$$, $$values ('a: small, 300')$$,
  'an attempt that was never sent does not move the call on to another model');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"attempts": 1, "requested_model": "large"}'))$$, $$values ('a: large, 3000')$$,
  'a call that asked for a model stays with it at every attempt');

-- Obstacles and the way round them.
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"endpoint": "investigation"}'))$$, $$values ('a: small, 300')$$,
  'a model without a price is passed over');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"endpoint": "investigation", "requested_model": "free"}'))$$, $$values ('a: blocked price_unknown')$$,
  'an unknown price blocks and says so: it never counts as zero');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"max_cost_micro_usd": 300}'))$$, $$values ('a: small, 300')$$,
  'a call may cost exactly what its caller allows');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"max_cost_micro_usd": 299}'))$$, $$values ('a: blocked max_cost_exceeded')$$,
  'one micro-USD more than its caller allows blocks');
select is(
  (select array_agg(v.need_micro_usd order by v.call_id)
   from tollhouse_private.route_jobs(array[
     pg_temp.work('a', 'ann', '{"max_cost_micro_usd": 299, "attempts": 1}'), pg_temp.work('b', 'ann', '{"endpoint": "budget_optimization"}')
   ], '2030-01-15 12:00Z', '{}') as d
   cross join lateral unnest(d.verdicts) as v),
  array[300, null]::bigint[], 'the verdict says what the cheapest of its models would have needed; of a call without one, nothing');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"max_cost_micro_usd": 599, "spent_micro_usd": 300}'))$$, $$values ('a: blocked max_cost_exceeded')$$,
  'what earlier attempts have cost counts: the limit is the call''s, not each attempt''s');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"max_cost_micro_usd": 300, "attempts": 1}'))$$, $$values ('a: small, 300')$$,
  'a dearer model is passed over where the caller''s limit only leaves the cheaper one');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"endpoint": "budget_optimization"}'))$$, $$values ('a: blocked no_model')$$,
  'an endpoint without any model blocks with no_model');

savepoint killed;
insert into tollhouse_private.kill_switches values ('model', '', 'small', 'test', 'test', now());
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann'))$$, $$values ('a: large, 3000')$$,
  'a killed model is passed over');
insert into tollhouse_private.kill_switches values ('provider', '', 'two', 'test', 'test', now());
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann'))$$, $$values ('a: blocked provider_kill_switch')$$,
  'when every candidate is killed, by model or by provider, the call is blocked by the switch');
rollback to killed;

-- User breakers.
savepoint open;
select pg_temp.open_breaker('ann', 'one', '2030-01-15 12:00:01Z');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann'), pg_temp.work('b', 'bob'))$$, $$values ('a: large, 3000'), ('b: small, 300')$$,
  'an open breaker sends its user''s calls to the next provider, and leaves other users alone');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"tenant_id": "globex"}'))$$, $$values ('a: small, 300')$$,
  'a user of the same name in another tenant has a breaker of their own');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"endpoint": "explanation"}'))$$, $$values ('a: blocked breaker_open')$$,
  'where no other provider serves the endpoint the call is blocked at once');
select pg_temp.open_breaker('ann', 'two', '2030-01-15 12:00:01Z');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann'))$$, $$values ('a: blocked breaker_open')$$,
  'with every provider''s breaker open nothing is left');
rollback to open;

select pg_temp.open_breaker('ann', 'one', '2030-01-15 12:00Z');
select is(
  (select array_agg(said order by said collate "C") from pg_temp.routed(
    pg_temp.work('a', 'ann', '{"endpoint": "explanation", "call_id": "00000000-0000-0000-0000-000000000002"}'),
    pg_temp.work('b', 'ann', '{"endpoint": "explanation", "call_id": "00000000-0000-0000-0000-000000000001"}'),
    pg_temp.work('c', 'ann', '{"endpoint": "explanation", "call_id": "00000000-0000-0000-0000-000000000003"}'),
    pg_temp.work('d', 'bob', '{"endpoint": "explanation"}')) as said),
  array['a: blocked breaker_open', 'b: small, 300, user probe', 'c: blocked breaker_open', 'd: small, 300'],
  'after the cool-down the oldest call of a batch is the one probe, and other users just go on');
select is(
  (select array_agg(said order by said collate "C") from pg_temp.routed(
    pg_temp.work('a', 'ann', '{"call_id": "00000000-0000-0000-0000-000000000002"}'),
    pg_temp.work('b', 'ann', '{"call_id": "00000000-0000-0000-0000-000000000001"}')) as said),
  array['a: large, 3000', 'b: small, 300, user probe'],
  'a call whose turn to probe it is not takes the next provider');
rollback to open;
select pg_temp.open_breaker('ann', 'one', '2030-01-15 11:00Z', md5('b')::uuid);
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"endpoint": "explanation"}'))$$, $$values ('a: blocked breaker_open')$$,
  'while the probe is out no second one goes');
rollback to open;

-- The provider's own breaker.
insert into tollhouse_private.provider_breakers values ('one', 'open', '2030-01-15 11:00Z', '2030-01-15 12:00:01Z');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"endpoint": "explanation"}'), pg_temp.work('b', 'bob'))$$,
  $$values ('a: blocked breaker_open'), ('b: large, 3000')$$,
  'a provider''s own breaker stops everybody''s calls to it');
update tollhouse_private.provider_breakers set open_until = '2030-01-15 12:00Z';
select is(
  (select array_agg(said order by said collate "C") from pg_temp.routed(
    pg_temp.work('a', 'ann', '{"endpoint": "explanation", "call_id": "00000000-0000-0000-0000-000000000002"}'),
    pg_temp.work('b', 'bob', '{"endpoint": "explanation", "tenant_id": "globex", "call_id": "00000000-0000-0000-0000-000000000001"}')) as said),
  array['a: blocked breaker_open', 'b: small, 300, provider probe'],
  'after its cool-down one call of all tenants probes it');
select pg_temp.open_breaker('ann', 'one', '2030-01-15 12:00Z');
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"endpoint": "explanation"}'))$$, $$values ('a: small, 300, user probe, provider probe')$$,
  'one call can probe a user''s and the provider''s breaker at once');
update tollhouse_private.provider_breakers set state = 'half_open', probe_call_id = md5('z')::uuid;
select results_eq($$select pg_temp.routed(pg_temp.work('a', 'ann', '{"endpoint": "explanation"}'))$$, $$values ('a: blocked breaker_open')$$,
  'a provider''s breaker with its probe out stops the user''s probe too');
rollback to open;

-- Everything decided is decided once.
select is(
  (select cardinality(d.routes) + cardinality(d.verdicts)
   from tollhouse_private.route_jobs(array[pg_temp.work('a', 'ann'), pg_temp.work('b', 'ann'), pg_temp.work('c', 'ann', '{"max_cost_micro_usd": 0}')], '2030-01-15 12:00Z', '{}') as d),
  3, 'each call of a batch gets one answer');
select results_eq(
  $$select cardinality(d.routes), cardinality(d.verdicts) from tollhouse_private.route_jobs('{}', '2030-01-15 12:00Z', '{}') as d$$, $$values (0, 0)$$,
  'an empty batch gets empty answers, not nulls');
select results_eq(
  $$select r.timeout_ms, r.provider_model from tollhouse_private.route_jobs(array[pg_temp.work('a', 'ann')], '2030-01-15 12:00Z', '{}') as d cross join lateral unnest(d.routes) as r$$,
  $$values (15000, 'one-small')$$,
  'a route carries its endpoint''s timeout and the provider''s own name of the model');

select * from finish();
rollback;
