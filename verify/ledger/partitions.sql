-- Verify tollhouse:ledger/partitions on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.has_month(timestamptz)', 'tollhouse_owner', 'unpinned', '{tollhouse_engine}');
select tollhouse_private.verify_function(
  'tollhouse_private.ensure_partitions(timestamptz, timestamptz)',
  'tollhouse_owner', 'definer', '{tollhouse_engine}'
);
-- This month and the next are there, of each of the three tables, with row security of their own.
select tollhouse_private.verify_that(count(*) = 6, format('tollhouse_private lacks partitions (%s of 6), or their row security is not forced', count(*)))
from generate_series(0, 1) as ahead
cross join (values ('llm_api_calls'), ('provider_attempts'), ('call_content')) as t (name)
join pg_catalog.pg_class as c
  on c.relname = t.name || to_char(now() at time zone 'UTC' + make_interval(months => ahead), '_YYYY_MM')
where c.relnamespace = 'tollhouse_private'::regnamespace
  and c.relispartition
  and c.relrowsecurity
  and c.relforcerowsecurity;
select tollhouse_private.verify_function(
  'tollhouse_private.drop_old_partitions(timestamptz, timestamptz[])',
  'tollhouse_owner', 'definer', '{tollhouse_engine}'
);

rollback;
