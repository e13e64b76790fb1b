begin;
select plan(3);

\ir guards.psql

select results_eq(
  $$select guard, blocked_reason, tenant_id, endpoint, calls, last_hour, after_attempts, users, last_at = now() from tollhouse.refusals order by calls desc, guard, tenant_id$$,
  $$values ('budget', 'monthly_cap_exceeded', 'acme', 'route', 4::bigint, 3::bigint, 0::bigint, 2::bigint, true), ('breaker', 'breaker_open', 'acme', 'route', 1, 1, 0, 1, true),
    ('hourly_shutoff', 'hourly_shutoff', 'globex', 'route', 1, 1, 0, 1, true), ('kill_switch', 'provider_kill_switch', 'acme', 'route', 1, 1, 1, 1, true), ('routing', 'price_unknown', 'acme', 'route', 1, 1, 0, 1, true)$$,
  'refusals: by guard and reason, of 24 hours and of the last'
);

set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select results_eq('select blocked_reason, calls, users from tollhouse.refusals', $$values ('monthly_cap_exceeded', 3::bigint, 1::bigint)$$, 'ann sees her own refusals');
set local tollhouse.tenant_id = 'initech';
select is_empty('select from tollhouse.refusals', 'another tenant sees none of them');

select * from finish();
rollback;
