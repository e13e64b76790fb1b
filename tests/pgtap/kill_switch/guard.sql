begin;
select plan(81);

savepoint clean;
-- One switch and one call.
\ir cases.psql
select is(
  tollhouse_private.switch_stops(row(c.scope, c.tenant_id, c.target, 'test', 'test', now())::tollhouse_private.kill_switches, 'acme', 'ann', 'route', 'north', 'small'),
  c.stops, c.why
)
from cases as c;
select is(
  (select bool_or(tollhouse_private.switch_stops(row(c.scope, c.tenant_id, c.target, 'test', 'test', now())::tollhouse_private.kill_switches, null, null, null, null, null))
   from cases as c where c.scope <> 'global'),
  null, 'what is not decided yet is not known to be stopped by any but the global switch'
);
rollback to clean;

-- Any switch and one call.
\ir cases.psql
create function pg_temp.switched(p_scope text, p_tenant_id text, p_target text) returns boolean language plpgsql as $$
begin
  delete from tollhouse_private.kill_switches;
  insert into tollhouse_private.kill_switches values (p_scope, p_tenant_id, p_target, 'test', 'test', now());
  return tollhouse_private.killed('acme', 'ann', 'route', 'north', 'small');
end
$$;
select is(tollhouse_private.killed('acme', 'ann', 'route', 'north', 'small'), false, 'no switch is pulled: nothing is stopped');
select is(pg_temp.switched(c.scope, c.tenant_id, c.target), c.stops, c.why)
from cases as c;

create function pg_temp.stopped(p_scope text, p_tenant_id text, p_target text) returns boolean language plpgsql as $$
begin
  perform pg_temp.switched(p_scope, p_tenant_id, p_target);
  return tollhouse_private.killed(null, null, null, null, null);
end
$$;
select is(pg_temp.stopped('global', '', '*'), true, 'the global switch stops what nothing is known of');
select is(pg_temp.stopped(v.scope, v.tenant_id, v.target), false, format('what is not decided yet is not stopped by a switch of scope %s, and the answer is never null', v.scope))
from (values ('provider', '', 'north'), ('model', '', 'small'), ('endpoint', '', 'route'), ('tenant', 'acme', 'acme'), ('user', 'acme', 'ann')) as v (scope, tenant_id, target);

-- The owner decides for one tenant at a time, and must see all that concerns it.
create function pg_temp.as_owner(p_scope text, p_tenant_id text, p_target text) returns boolean language plpgsql as $$
declare
  v_killed boolean;
begin
  perform pg_temp.switched(p_scope, p_tenant_id, p_target);
  perform set_config('tollhouse.tenant_id', 'acme', true), set_config('tollhouse.user_id', 'ann', true);
  set local role tollhouse_owner;
  v_killed := tollhouse_private.killed('acme', 'ann', 'route', 'north', 'small');
  reset role;
  return v_killed;
end
$$;
select is(pg_temp.as_owner(v.scope, v.tenant_id, v.target), true, format('enqueue, which decides as the owner, sees a switch of scope %s', v.scope))
from (values
  ('global', '', '*'), ('provider', '', 'north'), ('model', '', 'small'), ('endpoint', '', 'route'), ('tenant', 'acme', 'acme'), ('user', 'acme', 'ann')
) as v (scope, tenant_id, target);
rollback to clean;

-- In words.
\ir ../two_providers.psql
select tollhouse.set_identity('acme', 'ann');
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1');
create function pg_temp.in_words()
  returns text
  language sql
as $$
  select tollhouse_private.switch_in_words(j) from tollhouse_private.jobs as j
$$;
savepoint start;

select is(pg_temp.in_words(), null, 'without a switch there is nothing to say');
select is(pg_temp.in_words(), format('a kill switch on %s (why)', v.words), format('%s is named with its reason', v.words))
from (values ('everything', tollhouse_ops.stop_everything('why'))) as v (words, done);
rollback to start;
select tollhouse_ops.pull_kill_switch('tenant', 'acme', 'why');
select is(pg_temp.in_words(), 'a kill switch on tenant acme (why)', 'a tenant');
rollback to start;
select tollhouse_ops.pull_kill_switch('user', 'ann', 'why', 'acme');
select is(pg_temp.in_words(), 'a kill switch on user ann (why)', 'a user');
rollback to start;
select tollhouse_ops.pull_kill_switch('endpoint', 'route', 'why');
select is(pg_temp.in_words(), 'a kill switch on endpoint route (why)', 'an endpoint');
rollback to start;
select tollhouse_ops.pull_kill_switch('tenant', 'globex', 'why'), tollhouse_ops.pull_kill_switch('user', 'ann', 'why', 'globex');
select is(pg_temp.in_words(), null, 'what stops others is not said');
select tollhouse_ops.pull_kill_switch('provider', (select provider from tollhouse_private.providers order by 1 limit 1), 'why');
select is(pg_temp.in_words(), null, 'one provider of two stops nothing');
select tollhouse_ops.pull_kill_switch('provider', p.provider, 'why') from tollhouse_private.providers as p;
select matches(pg_temp.in_words(), '^a kill switch on provider \S+ \(why\)$', 'both do');
rollback to clean;

-- The guard, over a batch.
\ir ../job.psql
do $$
begin
  perform tollhouse_ops.set_provider('north', 'test'), tollhouse_ops.set_provider('south', 'test');
  perform tollhouse_ops.set_model('small', 'north', 'small-1', 'test'), tollhouse_ops.set_model('large', 'south', 'large-1', 'test');
  perform tollhouse_ops.set_price(m, k, 1000000, 'test')
  from unnest(array['small', 'large']) as m cross join unnest(array['input', 'output']) as k;
  perform tollhouse_ops.set_task_type(e, 'test', array['small', 'large'])
  from unnest(array['route', 'explanation', 'investigation', 'budget_optimization']) as e;
  perform tollhouse_worker.register('00000000-0000-4000-8000-000000000001', 'test', 100, 'test');
end
$$;
-- small is served by north, large by south; every endpoint may use both.
create function pg_temp.said(p_switches text[], p_job jsonb default '{}') returns text language plpgsql as $$
begin
  delete from tollhouse_private.kill_switches;
  insert into tollhouse_private.kill_switches (scope, tenant_id, target, reason, set_by, set_at)
  select split_part(s, ':', 1), split_part(s, ':', 2), split_part(s, ':', 3), 'test', 'test', now() from unnest(p_switches) as s;
  return (
    select string_agg(concat_ws(' ', g.verdict, g.reason, g.retry_at), ', ')
    from tollhouse_private.guard_kill_switch(array[pg_temp.work(p_job)]) as g
  );
end
$$;
select is(pg_temp.said('{}'), null, 'with no switch pulled the guard says nothing');
select is(pg_temp.said(array[s]), 'blocked provider_kill_switch', s || ' blocks')
from unnest(array['global::*', 'endpoint::route', 'tenant:acme:acme', 'user:acme:ann']) as s;
select is(pg_temp.said(array[s]), null, s || ' does not concern the call')
from unnest(array['endpoint::explanation', 'tenant:globex:globex', 'user:acme:bob', 'user:globex:ann']) as s;
select is(pg_temp.said(array['provider::north']), null, 'a provider''s switch leaves a call with another provider''s model');
select is(pg_temp.said(array['model::small']), null, 'a model''s switch leaves a call with another model');
select is(pg_temp.said(array['provider::north', 'provider::south']), 'blocked provider_kill_switch', 'two that leave none block');
select is(pg_temp.said(array['provider::north', 'model::large']), 'blocked provider_kill_switch', 'a provider''s and a model''s add up');
select is(pg_temp.said(array['model::small', 'model::large']), 'blocked provider_kill_switch', 'so do two models''');
select is(
  pg_temp.said(array['provider::north'], '{"requested_model": "small"}'), 'blocked provider_kill_switch',
  'a call that asked for a model has no other'
);
select is(pg_temp.said(array['provider::south'], '{"requested_model": "small"}'), null, 'and is not stopped by another model''s provider');
select is(
  pg_temp.said(array['provider::north'], '{"requested_model": "unknown"}'), null,
  'that a call has no model at all is for the router to say, not for this guard'
);
select is(
  pg_temp.said(array['global::*'], '{"tenant_id": null, "user_id": null, "endpoint": null}'), 'blocked provider_kill_switch',
  'a job of which nothing is known does not slip past the global switch'
);

do $$ begin delete from tollhouse_private.kill_switches; perform pg_temp.said(array['user:acme:bob']); end $$;
select results_eq(
  $$
    select g.call_id from tollhouse_private.guard_kill_switch(array[
      pg_temp.work(), pg_temp.work('{"user_id": "bob", "call_id": "00000000-0000-7000-8000-00000000000b"}'), pg_temp.work('{"tenant_id": "globex", "user_id": "bob"}')
    ]) as g
  $$,
  array['00000000-0000-7000-8000-00000000000b'::uuid],
  'in a batch, each call is judged by itself'
);
select is_empty('select tollhouse_private.guard_kill_switch(null)', 'no batch, no verdict');

-- Through the front door.
delete from tollhouse_private.kill_switches;
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select is((select e.status from tollhouse.enqueue('route', '{"prompt": "x"}', 'before') as e), 'queued', 'a call is queued');
reset role;
do $$ begin perform tollhouse_ops.stop_everything('test'); end $$;
set local role tollhouse_client;
select results_eq(
  $$select e.status, e.blocked_reason, e.was_cached from tollhouse.enqueue('route', '{"prompt": "y"}', 'after') as e$$,
  $$values ('blocked', 'provider_kill_switch', false)$$,
  'after the switch is pulled, the next is refused at once'
);
reset role;
select is_empty(
  $$select from tollhouse_worker.claim('00000000-0000-4000-8000-000000000001', 10)$$, 'and the one that was queued goes out no more'
);
select results_eq(
  $$
    select c.request_id, c.status, c.blocked_reason, c.provider_attempted, c.attempts, c.cost_micro_usd, c.provider
    from tollhouse_private.llm_api_calls as c order by 1
  $$,
  $$
    values
      ('after', 'blocked', 'provider_kill_switch', false, 0, 0::bigint, null::text),
      ('before', 'blocked', 'provider_kill_switch', false, 0, 0::bigint, null)
  $$,
  'both refusals leave their ledger row: not attempted, no cost'
);
select is_empty('select from tollhouse_private.monthly_budgets where reserved_micro_usd <> 0', 'nothing stays reserved');
do $$ begin perform tollhouse_ops.resume_everything('test'); end $$;
set local role tollhouse_client;
select is((select e.status from tollhouse.enqueue('route', '{"prompt": "y"}', 'again') as e), 'queued', 'when it is lifted, calls go on');
reset role;

-- Fail closed: a guard that cannot decide lets nothing through.
alter table tollhouse_private.kill_switches rename to kill_switches_gone;
set local role tollhouse_client;
select throws_ok(
  $$select tollhouse.enqueue('route', '{"prompt": "z"}', 'blind')$$, '42P01', null, 'when the switches cannot be read, nothing is enqueued'
);
reset role;
select throws_ok(
  $$select tollhouse_worker.claim('00000000-0000-4000-8000-000000000001', 10)$$, '42P01', null, 'and nothing is claimed'
);
select results_eq(
  'select j.request_id, j.state, j.attempts from tollhouse_private.jobs as j', $$values ('again', 'queued', 0)$$, 'what is queued waits, untouched'
);

select * from finish();
rollback;
