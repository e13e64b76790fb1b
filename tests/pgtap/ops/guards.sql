begin;
select plan(9);
\ir guards.psql

-- guard_state
savepoint apart;
select results_eq(
  'select guard, scope, tenant_id, user_id, target, stops_calls, state, reason from tollhouse_ops.guard_state order by guard, scope, tenant_id, user_id',
  $$values
    ('breaker', 'provider', '', '', 'south', true, 'open', '15 of 30 calls failed'),
    ('breaker', 'user', 'acme', 'ann', 'north', true, 'open', 'test'),
    ('breaker', 'user', 'acme', 'bob', 'north', false, 'open', '5 consecutive failures'),
    ('hourly_shutoff', 'tenant', 'acme', '', '', false, 'armed', 'spent 1.23 of 5.00 USD in this hour'),
    ('hourly_shutoff', 'user', 'acme', 'ann', '', true, 'shut off, manual', 'loop'),
    ('kill_switch', 'provider', '', '', 'south', true, 'on', 'outage'),
    ('kill_switch', 'user', 'acme', 'bob', 'bob', true, 'on', 'abuse')$$,
  'guard_state: everything that stops calls, or could'
);
select results_eq(
  $$select guard, user_id, until from tollhouse_ops.guard_state where until > now() + interval '30 minutes'$$,
  $$values ('hourly_shutoff', 'ann', now() + interval '1 hour')$$, 'with when it ends by itself'
);
select set_eq(
  'select guard, scope, tenant_id, user_id, target, stops_calls, state, since, until, reason from tollhouse.guard_state',
  $$select guard, scope, tenant_id, user_id, target, stops_calls, state, since, until, reason from tollhouse_ops.guard_state where (guard, scope) <> ('breaker', 'provider')$$,
  'tenants read the same, but for breakers of whole providers'
);

set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select set_eq(
  'select guard, tenant_id, user_id, target from tollhouse.guard_state',
  $$values ('kill_switch', '', '', 'south'), ('hourly_shutoff', 'acme', 'ann', ''), ('breaker', 'acme', 'ann', 'north')$$,
  'ann sees what stops her or everybody, and not how near her tenant is to its threshold'
);
select throws_ok('select from tollhouse_ops.guard_state', '42501', null, 'not what operators see');
set local tollhouse.tenant_id = 'initech';
select results_eq('select guard, target from tollhouse.guard_state', $$values ('kill_switch', 'south')$$, 'another tenant sees what stops everybody');
rollback to apart;

-- refusals
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
