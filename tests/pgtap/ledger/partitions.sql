begin;
select plan(36);

savepoint has_month;
select tollhouse_private.ensure_partitions('2019-02-01Z', '2019-02-28Z');
-- Months are UTC's: at the first of these instants it is still January in New York.
set local timezone = 'America/New_York';
select ok(tollhouse_private.has_month('2019-02-01 00:00:00+00'), 'the first instant of a month that is there');
select ok(tollhouse_private.has_month('2019-02-28 23:59:59.999999+00'), 'and its last');
select ok(not tollhouse_private.has_month('2019-01-31 23:59:59.999999+00'), 'not the instant before');
select ok(not tollhouse_private.has_month('2019-03-01 00:00:00+00'), 'nor the one after');
select is(tollhouse_private.has_month(null), false, 'and no month is none');
rollback to has_month;

savepoint ensure_partitions;
create function pg_temp.partitions(p_like text) returns setof text language sql as $$
  select c.relname::text collate "default" from pg_class as c
  where c.relispartition and c.relkind = 'r' and c.relname like p_like
  order by 1
$$;

select is(
  (select count(*) from pg_temp.partitions('%') as p), 3 * 4::bigint,
  'after the deployment each of the three tables has this month and three months ahead'
);
select is(tollhouse_private.ensure_partitions(now(), now() + interval '3 months'), 0, 'what is there is not made again');

-- Months are UTC's, wherever the session is: at this instant it is still January in New York.
set local timezone = 'America/New_York';
select is(
  tollhouse_private.ensure_partitions('2019-02-01 00:30:00+00', '2019-03-31 23:59:59.999999+00'), 6,
  'two months of three tables'
);
select results_eq(
  $$select pg_temp.partitions('%_2019_%')$$,
  array[
    'call_content_2019_02', 'call_content_2019_03', 'llm_api_calls_2019_02', 'llm_api_calls_2019_03',
    'provider_attempts_2019_02', 'provider_attempts_2019_03'
  ],
  'every month from the first time to the last has its partitions, and no other'
);
select is(tollhouse_private.ensure_partitions('2019-04-01 00:00:00+00', '2019-04-01 00:00:00+00'), 3, 'the first instant of a month belongs to it');
set local timezone = 'Pacific/Kiritimati';
insert into tollhouse_private.call_content (tenant_id, call_id, created_at, user_id)
values
  ('acme', gen_random_uuid(), '2019-02-28 23:59:59.999999+00', 'ann'), ('acme', gen_random_uuid(), '2019-03-01 00:00:00+00', 'ann'),
  ('acme', gen_random_uuid(), '2019-03-31 23:59:59.999999+00', 'ann');
select results_eq(
  $$
    select c.tableoid::regclass::text, count(*) from tollhouse_private.call_content as c
    where c.created_at < '2020-01-01' group by 1 order by 1
  $$,
  $$values ('tollhouse_private.call_content_2019_02', 1::bigint), ('tollhouse_private.call_content_2019_03', 2::bigint)$$,
  'bounds are UTC''s, to the microsecond, whatever the session''s time zone'
);
set local timezone = 'UTC';

select is_empty(
  $$
    select c.relname from pg_class as c
    where c.relispartition and c.relkind = 'r' and c.relnamespace = 'tollhouse_private'::regnamespace
      and not (c.relrowsecurity and c.relforcerowsecurity and not exists (select from pg_policy as p where p.polrelid = c.oid))
  $$,
  'who names a partition sees nothing: row-level security is forced on it, without a policy'
);
select is_empty(
  $$
    select c.relname, a.grantee::regrole, a.privilege_type from pg_class as c cross join lateral aclexplode(c.relacl) as a
    where c.relispartition and c.relkind = 'r' and c.relnamespace = 'tollhouse_private'::regnamespace
  $$,
  'and nobody has a privilege on one, not even its owner'
);
select is_empty(
  $$
    select c.relname from pg_class as c
    where c.relispartition and c.relkind = 'r' and c.relnamespace = 'tollhouse_private'::regnamespace
      and c.relacl is null
  $$,
  'not by default either'
);
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_owner;
select is((select count(*) from tollhouse_private.call_content where created_at < '2020-01-01'), 3::bigint, 'through the parent, the caller''s rows are there');
select throws_ok(statement, '42501', null, statement || ' is refused')
from unnest(array[
  'select from tollhouse_private.call_content_2019_03', 'delete from tollhouse_private.llm_api_calls_2019_03',
  'truncate tollhouse_private.llm_api_calls_2019_03', 'insert into tollhouse_private.llm_api_calls_2019_03 select * from tollhouse_private.llm_api_calls'
]) as statement;
reset role;
rollback to ensure_partitions;

savepoint drop_old_partitions;
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
