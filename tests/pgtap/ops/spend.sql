begin;
select plan(18);
-- Calls, hits, budgets and hours of acme, and a few of others.
do $$ begin perform tollhouse_private.ensure_partitions(now() - interval '70 days', now()); end $$;
create function pg_temp.called(p_user_id text, p_change jsonb default '{}', p_times integer default 1) returns void language sql as $$
  insert into tollhouse_private.llm_api_calls
  select (jsonb_populate_record(null::tollhouse_private.llm_api_calls, jsonb_build_object(
    'tenant_id', 'acme', 'user_id', p_user_id, 'call_id', gen_random_uuid(), 'created_at', now(), 'finished_at', now(),
    'endpoint', 'route', 'request_id', gen_random_uuid(), 'fingerprint', '\x00', 'status', 'success', 'was_cached', false, 'was_coalesced', false,
    'provider_attempted', true, 'attempts', 1, 'model', 'small', 'cost_micro_usd', 5, 'cost_basis', 'usage'
  ) || p_change)).*
  from generate_series(1, p_times)
$$;
create function pg_temp.hit(p_user_id text, p_saved bigint, p_change jsonb default '{}') returns void language sql as $$
  select pg_temp.called(p_user_id, '{"was_cached": true, "provider_attempted": false, "cost_micro_usd": 0, "cost_basis": "none"}'::jsonb
    || jsonb_build_object('saved_micro_usd', p_saved) || p_change)
$$;
do $$
begin
  perform pg_temp.called('ann', p_times => 3), pg_temp.called('ann', '{"status": "failed"}'), pg_temp.called('bob'),
    pg_temp.called('ann', '{"tenant_id": "globex"}'),
    pg_temp.hit('ann', 1500000), pg_temp.hit('ann', 500000), pg_temp.hit('bob', 1000000, '{"endpoint": "explanation"}'),
    pg_temp.hit('bob', null, '{"endpoint": "explanation"}'),
    pg_temp.hit('ann', 9000000, jsonb_build_object('created_at', now() - interval '32 days'));
  perform pg_temp.called('ann', '{"tenant_id": "edges"}'::jsonb || jsonb_build_object('created_at', date_trunc('day', now(), 'UTC') - ago))
  from unnest(array['0', '1 microsecond', '24 hours', '144 hours', '144 hours 1 microsecond']::interval[]) as ago;
end
$$;
insert into tollhouse_private.monthly_budgets (tenant_id, user_id, month, cap_micro_usd, reserved_micro_usd, spent_micro_usd)
select b.tenant_id, b.user_id, (m.month - make_interval(months => b.ago))::date, b.cap, b.reserved, b.spent
from date_trunc('month', now() at time zone 'UTC') as m (month)
cross join (values
  ('acme', '', 0, 10000000, 1000000, 6000000), ('acme', '', 1, 10000000, 0, 4000000), ('acme', '', 12, 10000000, 0, 4000000),
  ('acme', 'ann', 0, null, 1000000, 5999999), ('acme', 'bob', 0, 1000000, 0, 1), ('acme', 'eve', 0, 0, 0, 0), ('globex', '', 0, 1, 0, 1)
) as b (tenant_id, user_id, ago, cap, reserved, spent);
insert into tollhouse_private.hourly_spend (tenant_id, user_id, hour, calls, spent_micro_usd)
select 'acme', s.user_id, date_trunc('hour', now()) - make_interval(hours => s.ago), 1, s.spent
from (values ('', 0, 1000000), ('', 3, 1500000), ('', 30, 7000000), ('bob', 0, 500000)) as s (user_id, ago, spent);

-- monthly_spend
savepoint apart;
select results_eq(
  $$
    select ms.user_id, ms.spent_usd, ms.reserved_usd, ms.month_before_usd, ms.change_percent
    from tollhouse.monthly_spend as ms
    where ms.tenant_id = 'acme' and ms.month = date_trunc('month', now() at time zone 'UTC')::date
    order by ms.user_id
  $$,
  $$values ('', 6.000000, 1.000000, 4.000000, 50.0), ('ann', 5.999999, 1.000000, null, null), ('bob', 0.000001, 0.000000, null, null),
    ('eve', 0.000000, 0.000000, null, null)$$,
  'monthly_spend: each budget''s month, beside the month before'
);
select is((select count(*) from tollhouse.monthly_spend as ms where ms.tenant_id = 'acme'), 5::bigint, 'of the last twelve months');

-- As ann of acme.
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select results_eq('select distinct tenant_id, user_id from tollhouse.monthly_spend order by user_id', $$values ('acme', 'ann')$$, 'ann sees her spend, and not what her tenant spends');
set local tollhouse.tenant_id = '';
select is_empty('select from tollhouse.monthly_spend', 'nobody sees nothing');
rollback to apart;

-- budget_burn
savepoint apart;
select results_eq(
  $$
    select bb.user_id, bb.cap_usd, bb.spent_usd, bb.reserved_usd, bb.used_percent, bb.last_24h_usd
    from tollhouse.budget_burn as bb where bb.tenant_id = 'acme' order by bb.user_id
  $$,
  $$values ('', 10.000000, 6.000000, 1.000000, 70.0, 2.500000), ('ann', null::numeric, 5.999999, 1.000000, null, 0.000000),
    ('bob', 1.000000, 0.000001, 0.000000, 0.0, 0.500000), ('eve', 0.000000, 0.000000, 0.000000, null, 0.000000)$$,
  'budget_burn: the running month against its cap'
);
select results_eq(
  $$
    select bb.user_id, bb.projected_usd = round((bb.spent_usd + bb.last_24h_usd * t.days_left)::numeric, 6)
    from tollhouse.budget_burn as bb
    cross join (
      select extract(epoch from (date_trunc('month', now() at time zone 'UTC') + interval '1 month') - now() at time zone 'UTC') / 86400 as days_left
    ) as t
    where bb.tenant_id = 'acme' order by bb.user_id
  $$,
  $$values ('', true), ('ann', true), ('bob', true), ('eve', true)$$,
  'the projection goes on as the last 24 hours went'
);
select results_eq(
  $$
    select bb.user_id, bb.cap_reached_at - now()
    from tollhouse.budget_burn as bb where bb.tenant_id = 'acme' and (bb.user_id in ('ann', 'eve')) order by bb.user_id
  $$,
  $$values ('ann', null::interval), ('eve', interval '0')$$,
  'without a cap it is never reached, a cap of nothing is'
);
select results_eq(
  $$
    select bb.cap_reached_at is not null, bb.cap_reached_at is null or bb.cap_reached_at - now() = interval '38.4 hours'
    from tollhouse.budget_burn as bb where bb.tenant_id = 'acme' and bb.user_id = ''
  $$,
  $$
    select extract(epoch from (date_trunc('month', now() at time zone 'UTC') + interval '1 month') - now() at time zone 'UTC') / 3600 >= 38.4, true
  $$,
  '4 USD left at 2.50 a day last 38.4 hours, if the month does'
);
select ok((select bb.month_elapsed_percent between 0 and 100 from tollhouse.budget_burn as bb where bb.tenant_id = 'globex'), 'the month is partly over');

-- As ann of acme.
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select results_eq('select tenant_id, user_id from tollhouse.budget_burn order by user_id', $$values ('acme', 'ann')$$, 'ann sees her budget, and not her tenant''s');
set local tollhouse.tenant_id = '';
select is_empty('select from tollhouse.budget_burn', 'nobody sees nothing');
rollback to apart;

-- cache_hit_rate
savepoint apart;
select results_eq(
  'select day, tenant_id, endpoint, answers, cached, hit_percent from tollhouse.cache_hit_rate where tenant_id <> ''edges'' order by tenant_id, endpoint',
  $$values ((now() at time zone 'UTC')::date, 'acme', 'explanation', 2::bigint, 2::bigint, 100.0),
    ((now() at time zone 'UTC')::date, 'acme', 'route', 6::bigint, 2::bigint, 33.3), ((now() at time zone 'UTC')::date, 'globex', 'route', 1::bigint, 0::bigint, 0.0)$$,
  'cache_hit_rate: answers of the last seven days; what failed is none'
);
select results_eq(
  $$select day - (now() at time zone 'UTC')::date, answers from tollhouse.cache_hit_rate where tenant_id = 'edges' order by day desc$$,
  $$values (0, 1::bigint), (-1, 2::bigint), (-6, 1::bigint)$$,
  'a day is one of UTC, from its first instant to the last before the next; seven days ago is no more counted'
);

-- As ann of acme.
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select results_eq('select tenant_id, endpoint, answers, cached from tollhouse.cache_hit_rate', $$values ('acme', 'route', 5::bigint, 2::bigint)$$, 'her own answers are counted');
set local tollhouse.tenant_id = '';
select is_empty('select from tollhouse.cache_hit_rate', 'nobody sees nothing');
rollback to apart;

-- savings
update tollhouse_private.llm_api_calls set was_coalesced = true
where call_id = (select c.call_id from tollhouse_private.llm_api_calls as c where c.was_cached and c.endpoint = 'explanation' and c.saved_micro_usd > 0 limit 1);
select results_eq(
  'select tenant_id, endpoint, model, cached, cache_saved_usd, coalesced, coalescing_saved_usd, saved_usd from tollhouse.savings order by endpoint',
  $$values ('acme', 'explanation', 'small', 1::bigint, 0.000000, 1::bigint, 1.000000, 1.000000), ('acme', 'route', 'small', 2, 2.000000, 0, 0.000000, 2.000000)$$,
  'savings: what the hits of the month, and the calls that waited for one, had cost their first callers; a hit that does not say counts as nothing saved'
);

-- As ann of acme.
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select results_eq('select tenant_id, endpoint, cached, saved_usd from tollhouse.savings', $$values ('acme', 'route', 2::bigint, 2.000000)$$, 'her own hits are counted');
set local tollhouse.tenant_id = '';
select is_empty('select from tollhouse.savings', 'nobody sees nothing');

select * from finish();
rollback;
