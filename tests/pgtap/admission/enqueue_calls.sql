begin;
select plan(12);

\ir census.psql

create function pg_temp.said(p_run_at timestamptz default null)
  returns text
  language sql
as $$
  select concat_ws(' ', v.verdict, v.reason)
  from tollhouse_private.new_jobs('acme', 'ann', array[
    row('route', '{"prompt": "why?"}', null, null, '', true, null, p_run_at, null)::tollhouse_private.asked_call
  ], clock_timestamp()) as n
  left join unnest(tollhouse_private.early_verdicts(n.jobs, clock_timestamp())) as v on true
$$;

savepoint empty;

select is(pg_temp.said(), '', 'of a call that nothing stops nothing is certain');
select tollhouse_ops.set_shutoff('acme', '', clock_timestamp() + interval '10 minutes', 'test');
select is(pg_temp.said(), 'blocked hourly_shutoff', 'a shutoff blocks what is to run now');
select is(pg_temp.said(clock_timestamp() + interval '9 minutes'), 'blocked hourly_shutoff', 'and what is to run before it is over');
select is(pg_temp.said(clock_timestamp() + interval '11 minutes'), '', 'not what is to run afterwards');
select tollhouse_ops.stop_everything('test');
select is(pg_temp.said(clock_timestamp() + interval '11 minutes'), 'blocked provider_kill_switch', 'a kill switch has no end, and blocks that too');
rollback to empty;
select tollhouse.enqueue('route', '{"prompt": "why?"}');
select pg_temp.work();
select is(pg_temp.said(), 'cached', 'a fresh answer is certain');
select is(pg_temp.said(clock_timestamp() + interval '1 minute'), '', 'but not that it will be fresh later');
rollback to empty;

-- Months without a worker: there is no partition, and a client is not the one to make it.
create function pg_temp.no_month()
  returns void
  language plpgsql
as $$
declare
  v_table text;
begin
  foreach v_table in array array['llm_api_calls', 'provider_attempts', 'call_content'] loop
    execute format('drop table tollhouse_private.%I', v_table || to_char(now() at time zone 'UTC', '_YYYY_MM'));
  end loop;
end
$$;
select tollhouse_ops.stop_everything('test');
select pg_temp.no_month();
select is(pg_temp.said(), '', 'without a month for the outcome nothing is certain');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')).status, 'queued', 'the call is queued');
select is((select count(*) from tollhouse_private.jobs), 1::bigint, 'and not lost');
select tollhouse_worker.register('00000000-0000-0000-0000-000000000002', 'two', 5, '1.0');
select is((select count(*) from tollhouse_worker.claim('00000000-0000-0000-0000-000000000002', 10)), 0::bigint, 'the worker that comes decides');
select is((select blocked_reason from tollhouse_private.llm_api_calls where request_id = 'r1'), 'provider_kill_switch', 'what the call would have been told at once');

select * from finish();
rollback;
