begin;
select plan(47);

\ir scene.psql
savepoint clean;

-- The limits of a call.
select is_empty($$select from tollhouse_private.rate_limits_of(pg_temp.routes(1, 2), '2030-01-15 12:00Z')$$, 'without a limit a call falls under none');
select pg_temp.limit_to('tenant', 'acme', 60, 6000, 5), pg_temp.limit_to('provider', 'mock', 6, null, null), pg_temp.limit_to('tenant', 'globex', 1, null, null);
update tollhouse_private.rate_limits set requests_available = 0, tokens_available = 0;
select results_eq(
  $$select scope, target, tokens, requests_per_minute, tokens_per_minute, max_in_flight from tollhouse_private.rate_limits_of(pg_temp.routes(1, 1), '2030-01-15 12:00Z') order by scope$$,
  $$values ('provider', 'mock', 200, 6, null::integer, null::integer), ('tenant', 'acme', 200, 60, 6000, 5)$$, 'a call falls under its tenant''s, its provider''s and its model''s, and under nobody else''s');
select results_eq(
  $$select trim_scale(requests_now), trim_scale(tokens_now) from tollhouse_private.rate_limits_of(pg_temp.routes(1, 1), '2030-01-15 12:00:30Z') where scope = 'tenant'$$,
  $$values (30::numeric, 3000::numeric)$$, 'half a minute refills half a bucket');
rollback to clean;

-- How long each waits.
create function pg_temp.waits(p_scope text, p_routes tollhouse_private.route[], p_admitted integer[] default '{}')
  returns setof text
  language sql
as $$
  select concat_ws(' ', w.place, right(w.call_id::text, 2)::integer, w.target, round(w.refill), round(w.slot, 1))
  from tollhouse_private.rate_limit_waits(p_scope, p_routes, array(select lpad(a::text, 32, '0')::uuid from unnest(p_admitted) as a), '2030-01-15 12:00Z') as w
  order by w.place
$$;
create function pg_temp.users(variadic p_users text[])
  returns tollhouse_private.route[]
  language sql
as $$
  select array_agg(pg_temp.route(n::integer, jsonb_build_object('tenant_id', split_part(u, '/', 1), 'user_id', split_part(u, '/', 2))))
  from unnest(p_users) with ordinality as u (u, n)
$$;

select is_empty($$select pg_temp.waits('tenant', pg_temp.routes(1, 3))$$, 'without a limit nothing waits');
select pg_temp.limit_to('tenant', 'acme', 6, null, null), pg_temp.limit_to('provider', 'mock', null, 200, 1);
select results_eq($$select pg_temp.waits('provider', pg_temp.routes(1, 2))$$, $$values ('1 1 mock 0'), ('2 2 mock 60 0.2')$$,
  'each call: until its bucket has refilled, and until a call in flight may have ended');
select results_eq($$select pg_temp.waits('tenant', pg_temp.routes(1, 2))$$, $$values ('1 1 acme -50'), ('2 2 acme -40')$$, 'limits of one scope at a time');
select results_eq($$select pg_temp.waits('provider', pg_temp.routes(1, 2), '{2}')$$, $$values ('1 2 mock 0'), ('2 1 mock 60 0.2')$$, 'before all stands what this claim has admitted');

select results_eq($$select split_part(w, ' ', 2) from pg_temp.waits('provider', pg_temp.users('acme/ann', 'acme/ann', 'acme/bob', 'globex/gus', 'globex/gus')) as w$$,
  array['1', '4', '3', '5', '2'], 'the line goes by turns over tenants, and over the users of each');
update tollhouse_private.rate_limits set last_tenant_id = 'acme';
select results_eq($$select split_part(w, ' ', 2) from pg_temp.waits('provider', pg_temp.users('acme/ann', 'acme/ann', 'acme/bob', 'globex/gus', 'globex/gus')) as w$$,
  array['4', '1', '5', '3', '2'], 'beginning after the tenant that had the last turn');
insert into tollhouse_private.turns values ('acme', 'provider mock', 'ann');
select results_eq($$select split_part(w, ' ', 2) from pg_temp.waits('provider', pg_temp.users('acme/ann', 'acme/ann', 'acme/bob', 'globex/gus', 'globex/gus')) as w$$,
  array['4', '3', '5', '1', '2'], 'and after the user that had its last');

-- Those that wait, and are not looked at.
insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes, max_output_tokens, run_at, request, state, line)
values ('acme', lpad('90', 32, '0')::uuid, 'ann', 'route', 'first', now(), '', 400, 50, now(), '{}', 'scheduled', 'provider mock');
update tollhouse_private.rate_limits set last_tenant_id = '';
delete from tollhouse_private.turns;
savepoint away;
select results_eq($$select pg_temp.waits('provider', pg_temp.users('globex/gus'))$$, $$values ('2 1 mock 45 0.2')$$, 'the one whose turn is next keeps its place and its tokens');
update tollhouse_private.rate_limits set last_tenant_id = 'acme';
select results_eq($$select pg_temp.waits('provider', pg_temp.users('globex/gus'))$$, $$values ('1 1 mock 0')$$, 'but not before its turn');
rollback to away;
select results_eq($$select pg_temp.waits('provider', pg_temp.users('acme/ann'))$$, $$values ('1 1 mock 0')$$, 'nor before an older call of its user');
insert into tollhouse_private.turns values ('acme', 'provider mock', 'ann');
select results_eq($$select pg_temp.waits('provider', pg_temp.users('acme/bob'))$$, $$values ('1 1 mock 0')$$, 'nor before his colleague whose turn it is');
delete from tollhouse_private.jobs;
select results_eq($$select pg_temp.waits('provider', pg_temp.users('globex/gus'))$$, $$values ('1 1 mock 0')$$, 'one that is gone keeps nothing');
rollback to clean;

-- The guard.
-- Number of the call and the seconds it is to wait.
create function pg_temp.waits(p_routes tollhouse_private.route[], p_now timestamptz)
  returns setof text
  language sql
as $$
  select format('%s: %s', right(v.call_id::text, 2)::integer, round(extract(epoch from v.retry_at - p_now), 2))
  from tollhouse_private.guard_rate_limit(p_routes, p_now) as v
  order by v.call_id
$$;
create function pg_temp.take(p_routes tollhouse_private.route[], p_now timestamptz)
  returns void
  language sql
as $$
  select tollhouse_private.take_rate_limit(p_routes, p_now)
$$;
savepoint start;

select is_empty($$select pg_temp.waits(pg_temp.routes(1, 50), '2030-01-15 12:00Z')$$, 'without a limit nothing waits');

-- Requests per minute.
select pg_temp.limit_to('tenant', 'acme', 6, null, null);
select is_empty($$select pg_temp.waits(pg_temp.routes(1, 6), '2030-01-15 12:00Z')$$, 'a full bucket serves a minute''s worth at once');
select results_eq($$select pg_temp.waits(pg_temp.routes(1, 8), '2030-01-15 12:00Z')$$, $$values ('7: 10.00'), ('8: 20.00')$$,
  'what is over waits until its own turn has refilled, in the order of age');
select results_eq($$select distinct verdict, reason from tollhouse_private.guard_rate_limit(pg_temp.routes(1, 8), '2030-01-15 12:00Z')$$,
  $$values ('deferred', 'tenant acme')$$, 'over a limit is deferred, never blocked, and says whose line it stands in');
select is_empty($$select pg_temp.waits(array[pg_temp.route(1, '{"tenant_id": "globex"}')], '2030-01-15 12:00Z')$$, 'another tenant has no limit');
select pg_temp.take(pg_temp.routes(1, 6), '2030-01-15 12:00Z');
select results_eq($$select pg_temp.waits(pg_temp.routes(7, 7), '2030-01-15 12:00:09Z')$$, $$values ('7: 1.00')$$, 'an empty bucket makes wait');
select is_empty($$select pg_temp.waits(pg_temp.routes(7, 7), '2030-01-15 12:00:10Z')$$, 'it refills steadily: a sixth of a minute, a sixth of the requests');
select results_eq($$select pg_temp.waits(pg_temp.routes(1, 7), '2030-01-16 12:00Z')$$, $$values ('7: 10.00')$$, 'a bucket holds a minute''s worth at most, however long nothing came');
select results_eq($$select pg_temp.waits(pg_temp.routes(7, 7), '2030-01-15 11:59Z')$$, $$values ('7: 10.00')$$, 'a clock that went back refills nothing');
select results_eq($$select pg_temp.waits(pg_temp.routes(1, 30), '2030-01-15 12:00Z') offset 29$$, $$values ('30: 60.00')$$, 'a call is tried again after a minute at most');
rollback to start;

-- Tokens per minute.
select pg_temp.limit_to('model', 'small', null, 600, null);
select is_empty($$select pg_temp.waits(pg_temp.routes(1, 3), '2030-01-15 12:00Z')$$, 'calls that fit the tokens go');
select results_eq($$select pg_temp.waits(pg_temp.routes(1, 4), '2030-01-15 12:00Z')$$, $$values ('4: 20.00')$$,
  'a call counts as a quarter of its bytes plus the most it may answer');
rollback to start;

select pg_temp.limit_to('provider', 'mock', null, 600, null);
select is_empty($$select pg_temp.waits(array[pg_temp.route(1, '{"max_output_tokens": 5000}')], '2030-01-15 12:00Z')$$,
  'a call larger than the bucket goes when the bucket is full');
select pg_temp.take(array[pg_temp.route(1, '{"max_output_tokens": 5000}')], '2030-01-15 12:00Z');
select results_eq($$select pg_temp.waits(pg_temp.routes(2, 2), '2030-01-15 12:01Z')$$, $$values ('2: 60.00')$$,
  'and is paid off before anything else goes');
select is_empty($$select pg_temp.waits(pg_temp.routes(2, 2), '2030-01-15 12:08:50Z')$$, 'but not for longer than it cost');
rollback to start;

-- A large call and a steady trickle of small, younger ones, which alone would keep the bucket from filling.
create function pg_temp.large_goes_after(p_second integer)
  returns integer
  language plpgsql
as $$
declare
  v_large constant tollhouse_private.route[] := array[pg_temp.route(1, '{"max_output_tokens": 500}')];
  v_small tollhouse_private.route[];
  v_now timestamptz;
begin
  insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes, max_output_tokens, run_at, request)
  values ('acme', lpad('1', 32, '0')::uuid, 'ann', 'route', 'large', now(), '', 400, 500, now(), '{}');
  for i in 1..300 loop
    v_now := timestamptz '2030-01-15 12:00Z' + i * interval '1 second';
    if i % p_second = 0 then
      if not exists (select from tollhouse_private.guard_rate_limit(v_large, v_now)) then
        return i;
      end if;
      update tollhouse_private.jobs as j set state = 'scheduled', line = 'tenant acme';
    end if;
    v_small := array[pg_temp.route(i + 1, '{"request_bytes": 0, "max_output_tokens": 10}')];
    if not exists (select from tollhouse_private.guard_rate_limit(v_small, v_now)) then
      perform tollhouse_private.take_rate_limit(v_small, v_now);
    end if;
  end loop;
  return null;
end
$$;
select pg_temp.limit_to('tenant', 'acme', null, 600, null);
update tollhouse_private.rate_limits set tokens_available = 0;
savepoint trickle;
select is(pg_temp.large_goes_after(1), 60, 'a large call does not starve: it goes as soon as its tokens have refilled');
rollback to trickle;
select is(pg_temp.large_goes_after(7), 70, 'however seldom it is looked at');
rollback to start;

-- What a tenant's own limit holds back takes no place in a provider's line.
select pg_temp.limit_to('tenant', 'acme', 1, null, null), pg_temp.limit_to('provider', 'mock', 2, null, null);
select results_eq($$select pg_temp.waits(pg_temp.routes(1, 5) || pg_temp.route(9, '{"tenant_id": "globex"}'), '2030-01-15 12:00Z')$$,
  $$values ('2: 60.00'), ('3: 60.00'), ('4: 60.00'), ('5: 60.00')$$, 'a tenant''s own limit comes first, and slows a provider for nobody else');
rollback to start;

-- In flight.
insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes,
  max_output_tokens, run_at, request, state, worker_id, started_at, provider, model)
select t, gen_random_uuid(), 'ann', 'route', gen_random_uuid()::text, now(), '', 1, 1, now(), '{}', 'running', gen_random_uuid(), now(), p, 'small'
from (values ('acme', 'mock'), ('acme', 'spare'), ('globex', 'mock')) as v (t, p);
select pg_temp.limit_to('tenant', 'acme', null, null, 3);
select results_eq($$select pg_temp.waits(pg_temp.routes(1, 2), '2030-01-15 12:00Z')$$, $$values ('2: 0.20')$$,
  'calls in flight count against the limit, and what is over comes back soon');
select results_eq($$select pg_temp.waits(pg_temp.routes(1, 8), '2030-01-15 12:00Z') offset 3$$, $$values ('5: 0.40'), ('6: 0.40'), ('7: 0.40'), ('8: 0.60')$$,
  'the later the further back in line');
select pg_temp.limit_to('provider', 'mock', null, null, 2);
select results_eq($$select pg_temp.waits(pg_temp.routes(1, 1), '2030-01-15 12:00Z')$$, $$values ('1: 0.20')$$,
  'a provider''s limit counts the calls of all tenants');
rollback to start;

-- What an earlier round of the same claim has admitted counts, and is not refused again: a probe that is decided later may be older.
select pg_temp.limit_to('tenant', 'acme', 1, null, null);
select is_empty($$select from tollhouse_private.guard_rate_limit(pg_temp.routes(1, 1), '2030-01-15 12:00Z')$$, 'a call that fits goes');
select results_eq($$select right(v.call_id::text, 1) from tollhouse_private.guard_rate_limit(pg_temp.routes(1, 1), '2030-01-15 12:00Z', pg_temp.routes(5, 5)) as v$$,
  array['1'], 'but not beside a younger one that is admitted already and fills the bucket');
rollback to start;
select pg_temp.limit_to('tenant', 'acme', null, null, 1);
select is_empty($$select from tollhouse_private.guard_rate_limit(pg_temp.routes(1, 1), '2030-01-15 12:00Z')$$, 'a call may be the only one in flight');
select results_eq($$select right(v.call_id::text, 1) from tollhouse_private.guard_rate_limit(pg_temp.routes(1, 1), '2030-01-15 12:00Z', pg_temp.routes(5, 5)) as v$$,
  array['1'], 'but not beside a younger one that is about to be');
rollback to start;

-- Several limits at once.
select pg_temp.limit_to('tenant', 'acme', 60, null, null);
select pg_temp.limit_to('provider', 'mock', 6, null, null);
select results_eq($$select pg_temp.waits(pg_temp.routes(1, 7), '2030-01-15 12:00Z')$$, $$values ('7: 10.00')$$, 'of several limits the tightest counts');
rollback to start;

select is_empty($$select pg_temp.waits('{}', '2030-01-15 12:00Z')$$, 'an empty batch waits for nothing');

-- Through a claim: deferred, kept, and promoted when it is due.
do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test');
  perform tollhouse_ops.set_model('small', 'mock', 'x', 'test');
  perform tollhouse_ops.set_price('small', 'input', 1, 'test'), tollhouse_ops.set_price('small', 'output', 1, 'test');
  perform tollhouse_ops.set_task_type('route', 'test', array['small']);
  perform tollhouse_ops.set_rate_limit('tenant', 'acme', 1, null, null, 'test');
  perform tollhouse.set_identity('acme', 'ann');
  perform tollhouse.enqueue('route', jsonb_build_object('prompt', 'question ' || i), 'r' || i) from generate_series(1, 3) as i;
  perform tollhouse_worker.register('00000000-0000-0000-0000-000000000001', 'test', 10, 'test');
end
$$;
select is((select count(*) from tollhouse_worker.claim('00000000-0000-0000-0000-000000000001', 10)), 1::bigint, 'a claim takes what the limit lets pass');
select results_eq('select state, count(*) from tollhouse_private.jobs group by 1 order by 1', $$values ('running', 1::bigint), ('scheduled', 2)$$,
  'the rest is kept, scheduled for later');
select tollhouse_private.promote_due(clock_timestamp() + interval '61 seconds', '');
select results_eq('select state, count(*) from tollhouse_private.jobs group by 1 order by 1', $$values ('queued', 2::bigint), ('running', 1)$$,
  'and is queued again when it is due: never lost');
rollback to clean;

-- What is taken.
create function pg_temp.take(p_routes tollhouse_private.route[], p_now timestamptz)
  returns void
  language sql
as $$
  select tollhouse_private.take_rate_limit(p_routes, p_now)
$$;
savepoint start;

select pg_temp.limit_to('model', 'small', null, 600, null);
select pg_temp.take(pg_temp.routes(1, 3), '2030-01-15 12:00Z');
select results_eq($$select tokens_available, requests_available from tollhouse_private.rate_limits$$, $$values (0::numeric, 0::numeric)$$, 'what goes is taken out of the bucket');
rollback to start;

select pg_temp.limit_to('tenant', 'acme', 60, null, null);
select pg_temp.limit_to('provider', 'mock', 6, null, null);
select pg_temp.take(pg_temp.routes(1, 2), '2030-01-15 12:00Z');
select results_eq('select scope, requests_available from tollhouse_private.rate_limits order by scope',
  $$values ('provider', 4::numeric), ('tenant', 58::numeric)$$, 'a call is taken out of every bucket it falls under');

select * from finish();
rollback;
