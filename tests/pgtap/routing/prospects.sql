begin;
select plan(8);

\ir ../explain/explained.psql

do $$
begin
  perform tollhouse_ops.set_provider('other', 'test');
  perform tollhouse_ops.set_model('large', 'other', 'other-large', 'test');
  perform tollhouse_ops.set_task_type('route', 'test', array['small', 'large']);
end
$$;
select tollhouse.enqueue('route', '{"prompt": "b", "max_tokens": 100}', 'r1', p_max_cost_micro_usd => 100000);
create function pg_temp.seen()
  returns text
  language sql
as $$
  select string_agg(concat_ws(' ', p.preference, p.model, p.provider, coalesce(p.obstacle, '-'), p.open_until > clock_timestamp(), p.highest), '; ' order by p.preference)
  from tollhouse_private.jobs as j
  cross join lateral tollhouse_private.prospects(tollhouse_private.work_of(j, j.ctid), clock_timestamp()) as p
$$;
savepoint asked;

select is(pg_temp.seen(), '0 small mock - 234; 1 large other price_unknown', 'a call sees its models in order of preference, with what each could cost and what is in its way');
update tollhouse_private.jobs set attempts = 1;
select is(pg_temp.seen(), '0 large other price_unknown; 1 small mock - 234', 'after an attempt the next one is the first');
rollback to asked;
update tollhouse_private.jobs set spent_micro_usd = 99900;
select is(pg_temp.seen(), '0 small mock max_cost_exceeded 234; 1 large other price_unknown', 'what its attempts cost counts against its own limit');
rollback to asked;
select tollhouse_ops.open_breaker('mock', 'test', 'acme', 'ann');
select is(pg_temp.seen(), '0 small mock breaker_open t 234; 1 large other price_unknown', 'its user''s open breaker stops it, until a time');
rollback to asked;
select tollhouse_ops.open_breaker('mock', 'test', 'acme', 'bob');
select is(pg_temp.seen(), '0 small mock - 234; 1 large other price_unknown', 'another user''s does not');
rollback to asked;
select tollhouse_ops.open_breaker('mock', 'test');
select is(pg_temp.seen(), '0 small mock breaker_open t 234; 1 large other price_unknown', 'the provider''s own does');
rollback to asked;
select tollhouse_ops.pull_kill_switch('model', 'small', 'test');
select is(pg_temp.seen(), '0 small mock provider_kill_switch 234; 1 large other price_unknown', 'and a kill switch');
rollback to asked;
-- What route_jobs chooses is what is seen: the two are written apart.
select is(
  (select concat_ws(' ', r.routes[1].model, r.routes[1].reservation) from tollhouse_private.route_jobs((select array_agg(tollhouse_private.work_of(j, j.ctid)) from tollhouse_private.jobs as j), clock_timestamp(), '{}') as r),
  'small 234', 'the claim sees the same'
);

select * from finish();
rollback;
