begin;
select plan(15);

\ir scene.psql

create function pg_temp.reserved() returns bigint language sql as $$
  select j.reserved_micro_usd from tollhouse_private.jobs as j where j.state = 'running' order by j.call_id desc limit 1
$$;
create function pg_temp.used(p_output_tokens integer, p_worker uuid default '00000000-0000-0000-0000-000000000001') returns void language sql as $$
  select tollhouse_worker.record(p_worker, (
    select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'success',
      'input_tokens', 0, 'output_tokens', p_output_tokens, 'response', '{"content": "because"}'::jsonb))
    from tollhouse_private.jobs as j where j.state = 'running'))
$$;
create function pg_temp.learned() returns numeric language sql as $$ select mo.factor from tollhouse_private.model_overruns as mo $$;
savepoint start;

select pg_temp.ask('r1'), pg_temp.claimed(1);
create temporary table honest as select pg_temp.reserved() as micro_usd;
select pg_temp.used(1);
select is(pg_temp.learned(), null, 'usage within what a call can cost teaches nothing');
select pg_temp.ask('r2'), pg_temp.claimed(1);
select pg_temp.used((select micro_usd::integer from honest));
select is(round(pg_temp.learned(), 3), 2.000, 'usage beyond it is learned');
select is((select call_id from tollhouse_private.model_overruns), (select call_id from tollhouse_private.llm_api_calls where request_id = 'r2'), 'with the call that it was learned from');
select pg_temp.ask('r3'), pg_temp.claimed(1);
select is(pg_temp.reserved(), (select 2 * micro_usd from honest), 'each further call reserves that much more');
select pg_temp.used((select micro_usd::integer / 2 from honest));
select is(round(pg_temp.learned(), 3), 2.000, 'what is less than is known changes nothing');
select pg_temp.ask('r4'), pg_temp.claimed(1);
select pg_temp.used((select (3 * micro_usd / 2)::integer from honest));
select is(round(pg_temp.learned(), 3), 3.000, 'what is more is learned, as a multiple of what the call can cost, not of its reservation');
select is(tollhouse_ops.forget_overrun('small', 'their mistake, credited'), true, 'an operator resets it');
select is((select before ->> 'model' from tollhouse_private.operator_audit where action = 'forget_overrun'), 'small', 'and it is audited');
select is(tollhouse_ops.forget_overrun('small', 'again'), false, 'once');
select pg_temp.ask('r5'), pg_temp.claimed(1);
select is(pg_temp.reserved(), (select micro_usd from honest), 'after that calls reserve what they can cost');
rollback to start;

-- By hand.
select tollhouse_private.learn_overrun('nobody', gen_random_uuid(), 5, now());
select is_empty('select from tollhouse_private.model_overruns', 'a model that is gone teaches nothing');
select tollhouse_private.learn_overrun('small', gen_random_uuid(), 10000000, now());
select is(pg_temp.learned(), 1000000::numeric, 'no model bills more than a million times too much');
select tollhouse_private.learn_overrun('small', gen_random_uuid(), null, now());
select is(pg_temp.learned(), 1000000::numeric, 'an unknown factor teaches nothing');
rollback to start;

-- Late.
select pg_temp.ask('r1'), pg_temp.claimed(1);
create temporary table late as select j.tenant_id, j.call_id, j.attempts, j.reserved_micro_usd from tollhouse_private.jobs as j;
update tollhouse_private.workers set alive_until = now() - interval '1 second';
select tollhouse_worker.reap();
select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
  select jsonb_agg(jsonb_build_object('tenant_id', l.tenant_id, 'call_id', l.call_id, 'attempt', l.attempts, 'outcome', 'success',
    'input_tokens', 0, 'output_tokens', 2 * l.reserved_micro_usd, 'response', '{"content": "because"}'::jsonb)) from late as l));
select is(round(pg_temp.learned(), 3), 4.000, 'a late result teaches too');
select is((select factor from tollhouse_ops.model_overruns), pg_temp.learned(), 'operators see it');

select * from finish();
rollback;
