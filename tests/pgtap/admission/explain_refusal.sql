begin;
select plan(8);

-- Every reason has its sentences.
create temporary table reasons on commit drop as
select unnest(array['provider_kill_switch', 'hourly_shutoff', 'breaker_open', 'monthly_cap_exceeded', 'price_unknown', 'max_cost_exceeded', 'no_model']) as reason;
select ok(r.why is not null and r.what_to_do is not null, format('%s is explained', reasons.reason)) from reasons cross join lateral tollhouse_private.explain_refusal(reasons.reason) as r;
select is((select count(distinct r.why) from reasons cross join lateral tollhouse_private.explain_refusal(reasons.reason) as r), 7::bigint, 'each by a sentence of its own');

select * from finish();
rollback;
