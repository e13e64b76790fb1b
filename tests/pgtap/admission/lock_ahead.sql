begin;
select plan(3);

-- That two claims don't wait for each other is seen in tests/race/test_storm.py.
select lives_ok($$select tollhouse_private.lock_ahead('{}', now())$$, 'nothing need be locked');
insert into tollhouse_private.providers (provider) values ('one'), ('two'), ('three');
insert into tollhouse_private.models values ('small', 'one', 'small'), ('large', 'two', 'large'), ('other', 'three', 'other');
update tollhouse_private.task_types set models = array['small', 'large'] where endpoint = 'route';
insert into tollhouse_private.rate_limits (scope, target, requests_per_minute, refilled_at)
select l.scope, l.target, 60, now()
from (values ('tenant', 'acme'), ('tenant', 'globex'), ('provider', 'one'), ('provider', 'three'), ('model', 'small'), ('model', 'large'), ('model', 'other')) as l (scope, target);
insert into tollhouse_private.monthly_budgets (tenant_id, user_id, month) values
  ('acme', '', '2030-01-01'), ('acme', 'ann', '2030-01-01'), ('acme', 'bob', '2030-01-01'), ('acme', 'ann', '2029-12-01'), ('globex', 'ann', '2030-01-01');
select tollhouse_private.lock_ahead(array[jsonb_populate_record(null::tollhouse_private.work, '{"tenant_id": "acme", "user_id": "ann", "endpoint": "route"}')], '2030-01-15Z');
select results_eq(
  $$select rl.scope, rl.target from tollhouse_private.rate_limits as rl where rl.xmax <> 0 order by 1, 2$$,
  $$values ('model', 'large'), ('model', 'small'), ('provider', 'one'), ('tenant', 'acme')$$,
  'the limits that the calls can meet are locked, another tenant''s and those of other models are not'
);
select results_eq(
  $$select mb.tenant_id, mb.user_id, mb.month from tollhouse_private.monthly_budgets as mb where mb.xmax <> 0 order by 1, 2$$,
  $$values ('acme', '', '2030-01-01'::date), ('acme', 'ann', '2030-01-01')$$, 'the budgets of the month of those who ask are'
);

select * from finish();
rollback;
