begin;
select plan(4);

\ir scene.psql

do $$ begin perform pg_temp.enqueue('t', 1, jsonb_build_object('state', 'scheduled', 'run_at', '2026-02-01 12:00:00+00')); end $$;
do $$ begin perform tollhouse_private.promote_due('2026-02-01 11:59:59.999999+00'); end $$;
select results_eq('select state from tollhouse_private.jobs', array['scheduled'], 'a microsecond early, a scheduled job stays');
do $$ begin perform tollhouse_private.promote_due('2026-02-01 12:00:00+00'); end $$;
select results_eq('select state from tollhouse_private.jobs', array['queued'], 'at its time it is queued');
delete from tollhouse_private.jobs;
do $$ begin perform pg_temp.enqueue('t', 3, '{"state": "coalesced", "run_at": "2026-01-01"}'); end $$;
do $$ begin perform tollhouse_private.promote_due('2026-02-01'); end $$;
select is(
  (select count(*) from tollhouse_private.jobs where state = 'coalesced'), 3::bigint, 'a job that waits for another''s answer waits for that, not for a time'
);
do $$ begin perform pg_temp.enqueue('u', 1020, '{"state": "scheduled", "run_at": "2026-01-01"}'), pg_temp.enqueue('v', 11, '{"state": "scheduled", "run_at": "2026-01-03"}'); end $$;
update tollhouse_private.jobs set run_at = '2026-01-02' where tenant_id = 'u' and request_id in (select (n + 500)::text from generate_series(1, 20) as n);
do $$ begin perform tollhouse_private.promote_due('2026-02-01'); end $$;
select results_eq(
  $$select tenant_id, count(*), min(run_at) from tollhouse_private.jobs where state = 'scheduled' group by 1 order by 1$$,
  $$values ('u', 10::bigint, '2026-01-02+00'::timestamptz), ('v', 1, '2026-01-03+00')$$,
  'a thousand are promoted at a time, the longest due first, and ten of each tenant besides: nobody waits behind another''s backlog'
);

select * from finish();
rollback;
