begin;
select plan(6);

\ir guards.psql

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

select * from finish();
rollback;
