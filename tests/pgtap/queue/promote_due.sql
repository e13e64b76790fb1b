begin;
select plan(12);

\ir scene.psql

do $$ begin perform pg_temp.enqueue('t', 1, jsonb_build_object('state', 'scheduled', 'run_at', '2026-02-01 12:00:00+00')); end $$;
do $$ begin perform tollhouse_private.promote_due('2026-02-01 11:59:59.999999+00', ''); end $$;
select results_eq('select state from tollhouse_private.jobs', array['scheduled'], 'a microsecond early, a scheduled job stays');
do $$ begin perform tollhouse_private.promote_due('2026-02-01 12:00:00+00', ''); end $$;
select results_eq('select state from tollhouse_private.jobs', array['queued'], 'at its time it is queued');
delete from tollhouse_private.jobs;
do $$ begin perform pg_temp.enqueue('t', 3, '{"state": "coalesced", "run_at": "2026-01-01"}'); end $$;
do $$ begin perform tollhouse_private.promote_due('2026-02-01', ''); end $$;
select is(
  (select count(*) from tollhouse_private.jobs where state = 'coalesced'), 3::bigint, 'a job that waits for another''s answer waits for that, not for a time'
);
do $$ begin perform pg_temp.enqueue('u', 1020, '{"state": "scheduled", "run_at": "2026-01-01"}'), pg_temp.enqueue('v', 11, '{"state": "scheduled", "run_at": "2026-01-03"}'); end $$;
update tollhouse_private.jobs set run_at = '2026-01-02' where tenant_id = 'u' and request_id in (select (n + 500)::text from generate_series(1, 20) as n);
do $$ begin perform tollhouse_private.promote_due('2026-02-01', ''); end $$;
select results_eq(
  $$select tenant_id, count(*), min(run_at) from tollhouse_private.jobs where state = 'scheduled' group by 1 order by 1$$,
  $$values ('u', 19::bigint, '2026-01-02+00'::timestamptz), ('v', 10, '2026-01-03+00')$$,
  'a thousand are promoted at a time, the longest due first, and one of each user besides: nobody waits behind another''s backlog'
);
select tollhouse_private.promote_due('2026-02-01', '');
select is((select count(*) from tollhouse_private.jobs where state = 'scheduled'), 0::bigint, 'until all that are due are');

-- Very many tenants, with a call each; one with two users' backlogs; one whose call is due last of all.
delete from tollhouse_private.jobs;
create function pg_temp.schedule(p_tenant_id text, p_user_id text, p_calls integer, p_run_at timestamptz) returns void language sql as $$
  insert into tollhouse_private.jobs
    (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes, max_output_tokens, run_at, request, state, waits_for)
  select p_tenant_id, gen_random_uuid(), p_user_id, 'route', n, now(), '', 1, 1, p_run_at, '{}', 'scheduled', 'run_at' from generate_series(1, p_calls) as n
$$;
select pg_temp.schedule('t' || to_char(n, 'fm00000'), 'ann', 1, '2026-01-02') from generate_series(1, 30000) as n;
select pg_temp.schedule('big', 'ann', 3000, '2026-01-01'), pg_temp.schedule('t00070a', 'ann', 1, '2026-01-31');
select pg_temp.schedule('big', 'user' || u, 20, '2026-01-03') from generate_series(1, 12) as u;
create function pg_temp.promoted(p_after text) returns text language plpgsql as $$
declare
  v_before bigint := (select count(*) from tollhouse_private.jobs where state = 'queued');
  v_next text := tollhouse_private.promote_due('2026-02-01', p_after);
begin
  return format('%s, then %s', (select count(*) from tollhouse_private.jobs where state = 'queued') - v_before, v_next);
end
$$;
select is(pg_temp.promoted(''), '1109, then t00098', 'a claim promotes a bounded part of what is due, and remembers where it goes on');
select is((select count(*) from tollhouse_private.jobs where tenant_id = 't00070a' and state = 'queued'), 1::bigint, 'a small tenant among them, though all others have been due for longer');
select results_eq($$select user_id from tollhouse_private.jobs where tenant_id = 'big' and state = 'queued' and user_id <> 'ann' order by 1$$,
  array['user1', 'user10', 'user11', 'user12', 'user2', 'user3', 'user4', 'user5', 'user6'], 'and one call of each of ten users of a tenant');
select is(pg_temp.promoted('t00098'), '1100, then t00198', 'the next claim goes on there');
select is(pg_temp.promoted('t29990'), '1010, then ', 'and after the last tenant with the first');
select matches(pg_temp.promoted(''), '^1109,', 'which has a turn again');
select is((select count(*) from tollhouse_private.jobs where tenant_id = 'big' and state = 'queued' and user_id <> 'ann'), 19::bigint, 'as have the next of its users');

select * from finish();
rollback;
