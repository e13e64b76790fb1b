begin;
select plan(6);

create function pg_temp.told(p_refused bigint, p_now timestamptz default '2030-01-20Z')
  returns text
  language sql
as $$
  select e.why || ' | ' || e.what_to_do
  from tollhouse_private.explain_cap(jsonb_populate_record(null::tollhouse_private.llm_api_calls, jsonb_build_object(
    'tenant_id', 'acme', 'user_id', 'ann', 'finished_at', '2030-01-15Z', 'refused_micro_usd', p_refused)), p_now) as e
$$;
insert into tollhouse_private.monthly_budgets (tenant_id, user_id, month, cap_micro_usd, spent_micro_usd, reserved_micro_usd)
values ('acme', '', '2030-01-01', 1000, 900, 50), ('acme', 'ann', '2030-01-01', 2000, 0, 0), ('acme', 'bob', '2030-01-01', 1, 1, 0);

select is(pg_temp.told(101), 'The 0.000101 USD that the call could have cost did not fit under the monthly cap of the tenant. | Ask for less (max_completion_tokens), wait until 2030-02-01 (UTC), or have the cap raised.', 'the tightest cap is named, with what the call needed');
select matches(pg_temp.told(100), '\| It fits now: enqueue again under a new request id\.$', 'what fits by now may be asked again');
select matches(pg_temp.told(101, '2030-02-01Z'), '\| A new month has begun: enqueue again under a new request id\.$', 'so may what was refused last month');
update tollhouse_private.monthly_budgets set cap_micro_usd = 50 where user_id = 'ann';
select matches(pg_temp.told(100), 'the monthly cap of the user\. \| Ask for less', 'a user''s own cap is theirs');
update tollhouse_private.monthly_budgets set cap_micro_usd = null;
select matches(pg_temp.told(100), 'the monthly cap of the user or the tenant\. \| It fits now', 'without a cap by now, nobody knows whose it was');
select matches(pg_temp.told(null), '^The highest possible cost of the call did not fit', 'nor what it needed, where no price was known');

select * from finish();
rollback;
