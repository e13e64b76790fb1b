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
do $$ begin perform pg_temp.enqueue('u', 1001, '{"state": "scheduled", "run_at": "2026-01-01"}'); end $$;
update tollhouse_private.jobs set run_at = '2026-01-02' where tenant_id = 'u' and request_id = '500';
do $$ begin perform tollhouse_private.promote_due('2026-02-01'); end $$;
select results_eq(
  $$select request_id from tollhouse_private.jobs where state = 'scheduled'$$, array['500'], 'a thousand are promoted at a time, the longest due first'
);

select * from finish();
rollback;
