begin;
select plan(17);

create function pg_temp.partitions(p_like text) returns setof text language sql as $$
  select c.relname::text collate "default" from pg_class as c
  where c.relispartition and c.relkind = 'r' and c.relname like p_like
  order by 1
$$;
do $$ begin perform tollhouse_private.ensure_partitions('2019-02-01', '2019-04-01'); end $$;

-- Retention. The months of 2019 are the only old ones; content is kept 90 days, the ledger 25 months.
update tollhouse_private.settings set content_retention = '90 days', ledger_retention = '25 months';
select is(
  tollhouse_private.drop_old_partitions('2019-03-01 00:00:00+00'::timestamptz + interval '90 days' - interval '1 microsecond', '{}'),
  0, 'a month stays until its last moment is past retention'
);
select is(
  tollhouse_private.drop_old_partitions('2019-03-01 00:00:00+00'::timestamptz + interval '90 days', '{}'), 1,
  'and then it goes'
);
select results_eq(
  $$select pg_temp.partitions('%_2019_02')$$, array['llm_api_calls_2019_02', 'provider_attempts_2019_02'],
  'its content; the ledger keeps the month'
);
insert into tollhouse_private.call_content (tenant_id, call_id, created_at, user_id)
values ('acme', gen_random_uuid(), '2019-03-31 12:00:00+00', 'ann'), ('acme', gen_random_uuid(), '2019-04-01 00:00:00+00', 'ann');
select is(
  tollhouse_private.drop_old_partitions('2019-04-01 00:00:00+00'::timestamptz + interval '90 days' - interval '1 microsecond', array['2019-03-01 00:00:00+00'::timestamptz]), 0,
  'the content of a month to which unfinished calls belong stays as long as any other'
);
select is(
  tollhouse_private.drop_old_partitions('2019-04-01 00:00:00+00'::timestamptz + interval '90 days', array['2019-03-01 00:00:00+00'::timestamptz]), 1,
  'and then goes like any other'
);
select results_eq(
  $$select c.created_at from tollhouse_private.call_content as c where c.created_at < '2020-01-01'$$,
  array['2019-04-01 00:00:00+00'::timestamptz], 'and no other with it'
);
select is(
  tollhouse_private.drop_old_partitions('2019-04-01 00:00:00+00'::timestamptz + interval '90 days', array['2019-03-01 00:00:00+00'::timestamptz]), 0,
  'once: what is empty is left alone'
);
select is_empty(
  $$
    select a.* from pg_class as c cross join lateral aclexplode(c.relacl) as a
    where c.relname = 'call_content_2019_03'
    union all
    select a.* from pg_class as c cross join lateral aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) as a
    where c.relname = 'call_content_2019_03' and c.relacl is null
  $$,
  'nobody has a privilege on it, as before'
);
select is(
  tollhouse_private.drop_old_partitions('2021-06-01 00:00:00+00', array['2019-03-01 00:00:00+00'::timestamptz]), 5,
  'what is past retention goes, but for a month to which unfinished calls belong'
);
select results_eq(
  $$select pg_temp.partitions('%_2019_%')$$, array['call_content_2019_03', 'llm_api_calls_2019_03', 'provider_attempts_2019_03'],
  'all three tables keep that month: its outcomes can still be written'
);
select lives_ok(
  $$insert into tollhouse_private.call_content (tenant_id, call_id, created_at, user_id) values ('acme', gen_random_uuid(), '2019-03-31 12:00:00+00', 'ann')$$,
  'an answer too, until the next time'
);
select is(tollhouse_private.drop_old_partitions('2021-06-01 00:00:00+00', null), 0, 'not knowing which months are in use drops none');
select is(tollhouse_private.drop_old_partitions('2021-06-01 00:00:00+00', '{}'), 3, 'when its calls are over, it goes too');
select is((select count(*) from pg_temp.partitions('%') as p), 3 * 4::bigint, 'what is not old is untouched');

-- Upkeep with an old call that is still in the queue.
do $$ begin perform tollhouse_private.ensure_partitions('2020-01-01', '2020-02-01'); end $$;
insert into tollhouse_private.jobs
  (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes, max_output_tokens, run_at, request)
values ('acme', tollhouse_private.new_call_id('2020-02-10'), 'ann', 'route', 'r1', '2020-02-10', '\x00', 1, 1, now(), '{"prompt": "x"}');
do $$ begin perform tollhouse_worker.maintain(); end $$;
select results_eq(
  $$select pg_temp.partitions('%_2020_%')$$, array['call_content_2020_02', 'llm_api_calls_2020_02', 'provider_attempts_2020_02'],
  'upkeep drops the old months, but not the one of a call that is still queued'
);
delete from tollhouse_private.jobs;
do $$ begin perform tollhouse_worker.maintain(); end $$;
select is_empty($$select pg_temp.partitions('%_2020_%')$$, 'and drops that one after the call');

set local role tollhouse_engine;
select throws_ok('drop table tollhouse_private.llm_api_calls', '42501', null, 'the engine drops months only through the function');
reset role;

select * from finish();
rollback;
