begin;
select plan(6);

select results_eq(
  'select reason, guard, position from tollhouse_private.refusal_reasons order by position, reason',
  $$values
    ('provider_kill_switch', 'kill_switch', 2), ('hourly_shutoff', 'hourly_shutoff', 3), ('breaker_open', 'breaker', 6),
    ('max_cost_exceeded', 'routing', 6), ('no_model', 'routing', 6), ('price_unknown', 'routing', 6), ('monthly_cap_exceeded', 'budget', 8)$$,
  'each reason is the word of one guard, in the order of the guards'
);
select columns_are('tollhouse_private', 'refusal_reasons', array['reason', 'guard', 'position', 'sentence', 'remedy'], 'and says why, and what to do');
select col_is_pk('tollhouse_private', 'refusal_reasons', 'reason', 'one row a reason');
select is((select count(distinct r.sentence) from tollhouse_private.refusal_reasons as r), 7::bigint, 'by a sentence of its own');
select is_empty($$
  select m[1] from pg_proc as p
  cross join regexp_matches(p.prosrc, '\m(\w+_exceeded|\w+_kill_switch|hourly_shutoff|breaker_open|price_unknown|no_model)\M(?='')', 'g') as m
  where p.pronamespace = 'tollhouse_private'::regnamespace
  except
  select r.reason from tollhouse_private.refusal_reasons as r
$$, 'no function says another');
select throws_ok('update tollhouse_private.refusal_reasons set position = 1', '23514', null, 'idempotency refuses nobody');

select * from finish();
rollback;
