begin;
select plan(14);

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

select * from finish();
rollback;
