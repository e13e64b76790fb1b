begin;
select plan(11);

\ir scene.psql
create function pg_temp.to_abort(p_worker_id uuid default '00000000-0000-0000-0000-000000000001')
  returns setof text
  language sql
as $$
  select format('%s %s %s', j.request_id, a.attempt, a.reason)
  from tollhouse_worker.calls_to_abort(p_worker_id) as a
  join tollhouse_private.jobs as j on j.call_id = a.call_id
  order by 1
$$;
select pg_temp.ask('r1');
select pg_temp.ask('e1', 'explanation');
select pg_temp.claimed();
savepoint two_running;
select is_empty('select pg_temp.to_abort()', 'without a reason nothing is aborted');
select tollhouse.cancel((select call_id from tollhouse_private.jobs where request_id = 'r1'));
select results_eq('select pg_temp.to_abort()', array['r1 1 cancelled'], 'a cancelled call is');
select is_empty($$select pg_temp.to_abort('00000000-0000-0000-0000-000000000002')$$, 'by the worker that holds it');
rollback to two_running;
create function pg_temp.stopped_by(p_scope text, p_target text, p_tenant_id text default '')
  returns text
  language plpgsql
as $$
begin
  perform tollhouse_ops.pull_kill_switch(p_scope, p_target, 'test', p_tenant_id);
  raise exception using errcode = 'PT001', message = (select coalesce(string_agg(a, ', '), 'nothing') from pg_temp.to_abort() as a);
exception
  when sqlstate 'PT001' then
    return sqlerrm;
end
$$;
select is(pg_temp.stopped_by('global', '*'), 'e1 1 aborted, r1 1 aborted', 'the global switch aborts everything in flight');
select is(pg_temp.stopped_by('provider', 'mock'), 'e1 1 aborted, r1 1 aborted', 'a provider''s what runs there');
select is(pg_temp.stopped_by('model', 'small'), 'e1 1 aborted, r1 1 aborted', 'a model''s what it answers');
select is(pg_temp.stopped_by('endpoint', 'route'), 'r1 1 aborted', 'an endpoint''s its own');
select is(pg_temp.stopped_by('tenant', 'acme'), 'e1 1 aborted, r1 1 aborted', 'a tenant''s its own');
select is(pg_temp.stopped_by('tenant', 'globex'), 'nothing', 'and no other tenant''s');
select is(pg_temp.stopped_by('user', 'ann', 'acme'), 'e1 1 aborted, r1 1 aborted', 'a user''s their own');
select is(pg_temp.stopped_by('user', 'ann', 'globex'), 'nothing', 'and not those of the same name elsewhere');

select * from finish();
rollback;
