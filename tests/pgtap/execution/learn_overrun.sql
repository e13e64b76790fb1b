begin;
select plan(29);

\ir scene.psql

create function pg_temp.reserved() returns bigint language sql as $$
  select j.reserved_micro_usd from tollhouse_private.jobs as j where j.state = 'running' order by j.call_id desc limit 1
$$;
-- One more call, answered with so many output tokens, at two micro-USD each. Returns what it reserved.
create function pg_temp.uses(p_request_id text, p_output_tokens bigint) returns bigint language plpgsql as $$
declare
  v_reserved bigint;
begin
  perform pg_temp.ask(p_request_id), pg_temp.claimed(1);
  v_reserved := pg_temp.reserved();
  perform tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
    select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'success',
      'input_tokens', 0, 'output_tokens', p_output_tokens, 'response', '{"content": "because"}'::jsonb))
    from tollhouse_private.jobs as j where j.state = 'running'));
  return v_reserved;
end
$$;
create function pg_temp.learned() returns numeric language sql as $$ select round(mo.factor, 3) from tollhouse_private.model_overruns as mo $$;
create function pg_temp.highest() returns numeric language sql as $$ select round(mo.highest, 3) from tollhouse_private.model_overruns as mo $$;
savepoint start;

create temporary table honest as select pg_temp.uses('r1', 1) as micro_usd;
select is_empty('select from tollhouse_private.model_overruns', 'usage within what a call can cost teaches nothing');
select pg_temp.uses('r2', (select micro_usd * 10000 from honest));
select is(pg_temp.highest(), 20000.000, 'usage beyond it is noted');
select is((select call_id from tollhouse_private.model_overruns), (select call_id from tollhouse_private.llm_api_calls where request_id = 'r2'), 'with the call that it was learned from');
select is(pg_temp.learned(), null, 'but what one call says alone, which may be a mistake, is not believed');
select is(pg_temp.uses('r3', (select micro_usd from honest)), (select micro_usd from honest), 'and costs nobody else a reservation');
select is(pg_temp.learned(), 2.000, 'what two calls have billed at least is');
select is(pg_temp.uses('r4', (select micro_usd / 2 from honest)), (select 2 * micro_usd from honest), 'each further call reserves that much more');
select is(pg_temp.learned(), 2.000, 'what is less than is known changes nothing');
select pg_temp.uses('r5', (select 3 * micro_usd / 2 from honest));
select is(pg_temp.learned(), 3.000, 'what is more is learned, as a multiple of what the call can cost, not of its reservation');
select is((select factor = pg_temp.learned() and highest = pg_temp.highest() and until = (current_date + 32)::timestamp at time zone 'UTC' from tollhouse_ops.model_overruns), true, 'operators see it, and until when');
select is(tollhouse_ops.forget_overrun('small', 'their mistake, credited'), true, 'an operator resets it');
select is((select target ->> 'model' from tollhouse_private.operator_audit where action = 'forget_overrun'), 'small', 'and it is audited');
select is(tollhouse_ops.forget_overrun('small', 'again'), false, 'once');
select is(pg_temp.uses('r6', 1), (select micro_usd from honest), 'after that calls reserve what they can cost');
rollback to start;

-- In one batch.
select pg_temp.ask('r1'), pg_temp.ask('r2'), pg_temp.ask('r3'), pg_temp.claimed(3);
select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
  select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'success',
    'input_tokens', 0, 'output_tokens', (right(j.request_id, 1)::integer + 1) * j.reserved_micro_usd / 2, 'response', '{"content": "because"}'::jsonb))
  from tollhouse_private.jobs as j));
select is((pg_temp.learned(), pg_temp.highest())::text, '(3.000,4.000)', 'of a batch, the second largest is learned');
rollback to start;

-- By hand, day by day.
create function pg_temp.says(p_call integer, p_factor numeric, p_at timestamptz) returns numeric language sql as $$
  select tollhouse_private.learn_overrun('small', lpad(p_call::text, 32, '0')::uuid, p_factor, p_at);
  select tollhouse_private.overrun_of('small', p_at)
$$;
select tollhouse_private.learn_overrun('nobody', gen_random_uuid(), 5, now());
select is_empty('select from tollhouse_private.model_overruns', 'a model that is gone teaches nothing');
select pg_temp.says(1, null, '2026-01-10 00:00Z');
select is_empty('select from tollhouse_private.model_overruns', 'nor does an unknown factor');
select pg_temp.says(1, 10, '2026-01-10 00:00Z');
select is(pg_temp.says(1, 20, '2026-01-10 00:00Z'), null, 'a call that is tried again is no second one');
select is(pg_temp.says(2, 10000000, '2026-01-10 23:59Z'), 20::numeric, 'two are one more than that');
select is(pg_temp.says(2, 10000000, '2026-01-10 23:59Z'), 20::numeric, 'who has said the most adds nothing by saying it again');
select is(pg_temp.says(3, 10000000, '2026-01-10 23:59Z'), 1000000::numeric, 'no model bills more than a million times too much');
select is(tollhouse_private.overrun_of('small', '2026-02-10 23:59:59Z'), 1000000::numeric, 'it holds for 31 days more');
select is(pg_temp.says(4, 3, '2026-01-11 23:59:59Z'), 1000000::numeric, 'whatever that brings');
select pg_temp.says(5, 4, '2026-01-11 23:59:59Z');
select is(tollhouse_private.overrun_of('small', '2026-02-11 00:00Z'), 3::numeric, 'then what later days have brought is left');
select is(tollhouse_private.overrun_of('small', '2026-02-12 00:00Z'), null, 'and after that, nothing');
select is(tollhouse_private.overrun_of('small', '2026-01-09 00:00Z'), null, 'a clock that goes back holds nothing that is ahead of it');
rollback to start;

-- Late.
select pg_temp.ask('r1'), pg_temp.ask('r2'), pg_temp.claimed(2);
create temporary table late as select j.tenant_id, j.call_id, j.attempts, j.reserved_micro_usd from tollhouse_private.jobs as j;
update tollhouse_private.workers set alive_until = now() - interval '1 second';
select tollhouse_worker.reap();
create function pg_temp.late(p_outcome text, p_more jsonb) returns void language sql as $$
  select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
    select jsonb_agg(jsonb_build_object('tenant_id', l.tenant_id, 'call_id', l.call_id, 'attempt', l.attempts, 'outcome', p_outcome,
      'input_tokens', 0, 'output_tokens', 2 * l.reserved_micro_usd, 'response', '{"content": "because"}'::jsonb) || p_more) from late as l))
$$;
savepoint lost;
select pg_temp.late('success', '{}');
select is(pg_temp.learned(), 4.000, 'late results teach too');
rollback to lost;
insert into tollhouse_private.model_overruns select 'small', day, 1.5, 1.5, gen_random_uuid(), pa.started_at + age
from (select min(started_at) as started_at from tollhouse_private.provider_attempts) as pa,
  (values (current_date, interval '0'), (current_date - 1, '1 second'), (current_date - 32, '0')) as known (day, age);
select pg_temp.late('success', '{}');
select is((select round(factor, 3) from tollhouse_private.model_overruns where day = current_date), 6.000, 'as multiples of what the reservation was one of when they were claimed');
rollback to lost;
select pg_temp.late('success', '{"output_tokens": 1}');
select is_empty('select from tollhouse_private.model_overruns', 'late results within it teach nothing');

select * from finish();
rollback;
