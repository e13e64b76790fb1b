begin;
select plan(21);

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
create function pg_temp.said(p_tenant_id text, p_user_id text, p_now timestamptz) returns text language sql as $$
  select string_agg(concat_ws(' ', g.verdict, g.reason, to_char(g.retry_at at time zone 'UTC', 'HH24:MI')), ', ')
  from tollhouse_private.guard_hourly_shutoff(
    array[pg_temp.work(jsonb_build_object('tenant_id', p_tenant_id, 'user_id', p_user_id))], p_now) as g
$$;
select is(pg_temp.said('acme', 'ann', now()), null, 'with nobody shut off the guard says nothing');

insert into tollhouse_private.hourly_shutoffs (tenant_id, user_id, threshold_micro_usd) values ('acme', 'ann', 1);
select is(pg_temp.said('acme', 'ann', now()), null, 'a threshold by itself shuts nobody off');

update tollhouse_private.hourly_shutoffs set disabled_until = '2026-01-01 13:00:00+00', mode = 'manual';
select is(pg_temp.said('acme', 'ann', '2026-01-01 12:00:00+00'), 'blocked hourly_shutoff 13:00', 'a user that is shut off is blocked');
select is(pg_temp.said('acme', 'ann', '2026-01-01 12:59:59.999999+00'), 'blocked hourly_shutoff 13:00', 'until the last microsecond');
select is(pg_temp.said('acme', 'ann', '2026-01-01 13:00:00+00'), null, 'at disabled_until it is over');
select is(pg_temp.said('acme', 'bob', '2026-01-01 12:00:00+00'), null, 'another user of the tenant goes on');
select is(pg_temp.said('globex', 'ann', '2026-01-01 12:00:00+00'), null, 'so does another tenant''s user of the same name');

update tollhouse_private.hourly_shutoffs set user_id = '', mode = 'automatic';
select is(pg_temp.said('acme', 'ann', '2026-01-01 12:00:00+00'), 'blocked hourly_shutoff 13:00', 'a tenant that is shut off blocks its users');
select is(pg_temp.said('acme', 'bob', '2026-01-01 12:00:00+00'), 'blocked hourly_shutoff 13:00', 'all of them');
select is(pg_temp.said('globex', 'ann', '2026-01-01 12:00:00+00'), null, 'and nobody else''s');
insert into tollhouse_private.hourly_shutoffs (tenant_id, user_id, disabled_until, mode) values ('acme', 'ann', '2026-01-01 14:00:00+00', 'manual');
select is(pg_temp.said('acme', 'ann', '2026-01-01 12:00:00+00'), 'blocked hourly_shutoff 14:00', 'shut off twice is one verdict');
select is(pg_temp.said('acme', 'ann', '2026-01-01 13:30:00+00'), 'blocked hourly_shutoff 14:00', 'and lasts as long as the longer');
select is(pg_temp.said('acme', 'ann', '-infinity'), 'blocked hourly_shutoff 14:00', 'a clock that stands early does not open it');
select is_empty('select tollhouse_private.guard_hourly_shutoff(null, now())', 'no batch, no verdict');

-- Through the front door, by hand.
delete from tollhouse_private.hourly_shutoffs;
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select is((select e.status from tollhouse.enqueue('route', '{"prompt": "x"}', 'before') as e), 'queued', 'a call is queued');
reset role;
do $$ begin perform tollhouse_ops.set_shutoff('acme', '', now() + interval '1 day', 'test'); end $$;
set local role tollhouse_client;
select results_eq(
  $$select e.status, e.blocked_reason from tollhouse.enqueue('route', '{"prompt": "y"}', 'after') as e$$,
  $$values ('blocked', 'hourly_shutoff')$$, 'after the shutoff, the next is refused at once'
);
reset role;
select is_empty($$select from tollhouse_worker.claim('00000000-0000-4000-8000-000000000001', 10)$$, 'the one that was queued goes out no more');
select results_eq(
  $$select c.request_id, c.status, c.blocked_reason, c.provider_attempted, c.cost_micro_usd from tollhouse_private.llm_api_calls as c order by 1$$,
  $$values ('after', 'blocked', 'hourly_shutoff', false, 0::bigint), ('before', 'blocked', 'hourly_shutoff', false, 0)$$,
  'both refusals leave their ledger row: not attempted, no cost'
);
do $$ begin perform tollhouse_ops.lift_shutoff('acme', '', 'test'); end $$;
set local role tollhouse_client;
select is((select e.status from tollhouse.enqueue('route', '{"prompt": "y"}', 'again') as e), 'queued', 'when it is lifted, calls go on');
reset role;

alter table tollhouse_private.hourly_shutoffs rename to hourly_shutoffs_gone;
set local role tollhouse_client;
select throws_ok(
  $$select tollhouse.enqueue('route', '{"prompt": "z"}', 'blind')$$, '42P01', null, 'fail closed: when shutoffs cannot be read, nothing is enqueued'
);
reset role;
select throws_ok($$select tollhouse_worker.claim('00000000-0000-4000-8000-000000000001', 10)$$, '42P01', null, 'and nothing is claimed');

select * from finish();
rollback;
