begin;
select plan(16);

\ir explained.psql

create function pg_temp.said(p_request_id text default 'r1')
  returns text
  language sql
as $$
  select concat_ws(' | ', o.why, o.what_to_do)
  from tollhouse_private.jobs as j
  cross join lateral tollhouse_private.explain_obstacle(j, clock_timestamp()) as o
  where j.request_id = p_request_id
$$;
-- And whether it is true.
create function pg_temp.refused_for()
  returns text
  language plpgsql
as $$
begin
  perform pg_temp.claimed();
  return (select c.blocked_reason from tollhouse_private.llm_api_calls as c where c.request_id = 'r1');
end
$$;
select tollhouse.enqueue('route', '{"prompt": "b", "max_tokens": 100}', 'r1');
savepoint asked;

select is(pg_temp.said(), '', 'when nothing is in the way of a call nothing is said');
select tollhouse_ops.set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'test'), tollhouse_ops.set_shutoff('acme', 'ann', clock_timestamp() + interval '10 minutes', 'test');
select matches(pg_temp.said(), format('^The tenant is shut off until %s', date_trunc('second', now() + interval '1 hour')::date), 'of two shutoffs the longer one is named, with its end');
rollback to asked;
select tollhouse_ops.set_shutoff('acme', 'ann', clock_timestamp() + interval '10 minutes', 'test'), tollhouse_ops.set_shutoff('acme', 'bob', clock_timestamp() + interval '1 hour', 'test');
select matches(pg_temp.said(), '^The user is shut off until 20.*; the next claim will refuse it\. \| Enqueue it again after that', 'a user''s own too, and never another user''s');
rollback to asked;
select tollhouse_ops.open_breaker('mock', 'test', p_cooldown => '1 hour');
select matches(pg_temp.said(), '^The circuit breaker of mock is open until 20.*; the next claim will refuse it\.', 'a provider''s own breaker is named with its end, which no view of a client shows');
select is(pg_temp.refused_for(), 'breaker_open', 'and so it is');
rollback to asked;
update tollhouse_private.jobs set attempts = 0;
insert into tollhouse_private.breakers (tenant_id, user_id, provider, state, open_until, probe_call_id)
values ('acme', 'ann', 'mock', 'half_open', clock_timestamp() - interval '1 second', gen_random_uuid());
select matches(pg_temp.said(), '^The circuit breaker of mock waits for the answer to its one probe', 'a breaker whose probe is out has no end to name');
rollback to asked;
select tollhouse_ops.set_monthly_cap('acme', '', 0, 'test');
select matches(pg_temp.said(), '^The 0\.000234 USD that it could cost do not fit under what is left of the tenant''s monthly cap; the next claim will refuse it\. \| Ask for less', 'a cap that is used up is named');
select is(pg_temp.refused_for(), 'monthly_cap_exceeded', 'and so it is');
rollback to asked;
select tollhouse_ops.set_monthly_cap('acme', 'ann', 233, 'test'), tollhouse_ops.set_monthly_cap('acme', 'bob', 0, 'test');
select matches(pg_temp.said(), '^The 0\.000234 USD that it could cost do not fit under what is left of the user''s monthly cap', 'a user''s own too, to the micro-USD');
select tollhouse_ops.set_monthly_cap('acme', 'ann', 234, 'test');
select is(pg_temp.said(), '', 'what just fits is not in the way, nor is another user''s cap');
rollback to asked;
update tollhouse_private.jobs set max_cost_micro_usd = 1;
select matches(pg_temp.said(), '^It could cost 0\.000234 USD, more than the max_cost_micro_usd', 'a limit of its own is named');
rollback to asked;
select tollhouse_ops.set_task_type('route', 'test', '{}');
select matches(pg_temp.said(), '^The endpoint has no model that serves it; the next claim will refuse it\. \| Ask an operator', 'an endpoint that lost its models is named');
select is(pg_temp.refused_for(), 'no_model', 'and so it is');
rollback to asked;
select tollhouse_ops.set_model('free', 'mock', 'mock-free', 'test');
select tollhouse_ops.set_task_type('route', 'test', array['free']);
select matches(pg_temp.said(), '^No price is known for free; the next claim will refuse it\. \| Ask an operator to set the price', 'a model without a price is named');
savepoint unpriced;
select tollhouse_ops.set_task_type('route', 'test', array['free', 'small']);
select is(pg_temp.said(), '', 'unless another one serves it');
rollback to unpriced;
select is(pg_temp.refused_for(), 'price_unknown', 'and so it is');

select * from finish();
rollback;
