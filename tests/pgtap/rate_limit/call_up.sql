begin;
select plan(9);

\ir scene.psql
\ir line.psql
create function pg_temp.called_up(p_now timestamptz) returns text[] language plpgsql as $$
begin
  perform tollhouse_private.call_up(p_now);
  return array(select j.user_id || right(j.call_id::text, 2)::integer from tollhouse_private.jobs as j where j.state = 'queued' order by j.call_id);
end
$$;
select pg_temp.stand('acme', 'ann', 1, 5), pg_temp.stand('acme', 'bob', 6, 7), pg_temp.stand('globex', 'gus', 8, 8);
savepoint start;

select pg_temp.limit_to('provider', 'mock', 6, null, null);
update tollhouse_private.rate_limits set requests_available = 0;
select is(pg_temp.called_up('2030-01-15 12:00:09Z'), '{}', 'where there is no room nobody is called up');
select is(pg_temp.called_up('2030-01-15 12:00:10Z'), array['ann1'], 'one request''s room is one call''s, long before it is due');
select is(pg_temp.called_up('2030-01-15 12:00:10Z'), array['ann1'], 'once');
select is(pg_temp.called_up('2030-01-15 12:00:30Z'), array['ann1', 'bob6', 'gus8'], 'more is for the next, by turns');
rollback to start;
select pg_temp.limit_to('provider', 'mock', null, 600, null);
update tollhouse_private.rate_limits set tokens_available = 450;
select is(pg_temp.called_up('2030-01-15 12:00Z'), array['ann1', 'gus8'], 'so many as there are tokens for');
rollback to start;
select pg_temp.limit_to('provider', 'mock', null, null, 2);
select is(pg_temp.called_up('2030-01-15 12:00Z'), array['ann1', 'gus8'], 'so many as may be in flight');
rollback to start;
select pg_temp.limit_to('provider', 'mock', null, null, 2);
insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes,
  max_output_tokens, run_at, request, state, worker_id, started_at, provider, model)
values ('acme', gen_random_uuid(), 'ann', 'route', 'running', now(), '', 1, 1, now(), '{}', 'running', gen_random_uuid(), now(), 'mock', 'small');
select is(pg_temp.called_up('2030-01-15 12:00Z'), array['ann1'], 'beside those that are');
rollback to start;
select is(pg_temp.called_up('2030-01-15 12:00Z'), array['ann1', 'ann2', 'ann3', 'ann4', 'ann5', 'bob6', 'bob7', 'gus8'], 'a limit that is gone holds nobody');
delete from tollhouse_private.jobs;
select is(pg_temp.called_up('2030-01-15 12:00Z'), '{}', 'an empty line is none');

select * from finish();
rollback;
