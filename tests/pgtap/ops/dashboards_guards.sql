begin;
select plan(11);

create function pg_temp.refused(p_user_id text, p_reason text, p_change jsonb default '{}') returns void language sql as $$
  insert into tollhouse_private.llm_api_calls
  select (jsonb_populate_record(null::tollhouse_private.llm_api_calls, jsonb_build_object(
    'tenant_id', 'acme', 'user_id', p_user_id, 'call_id', gen_random_uuid(), 'created_at', now(), 'finished_at', now(),
    'endpoint', 'route', 'request_id', gen_random_uuid(), 'fingerprint', '\x00', 'status', 'blocked', 'blocked_reason', p_reason,
    'was_cached', false, 'provider_attempted', false, 'attempts', 0, 'cost_micro_usd', 0, 'cost_basis', 'none'
  ) || p_change)).*
$$;
create function pg_temp.waits(p_tenant_id text, p_user_id text, p_change jsonb default '{}') returns void language sql as $$
  insert into tollhouse_private.jobs
  select (jsonb_populate_record(null::tollhouse_private.jobs, jsonb_build_object(
    'tenant_id', p_tenant_id, 'user_id', p_user_id, 'call_id', gen_random_uuid(), 'created_at', now(), 'endpoint', 'route',
    'request_id', gen_random_uuid(), 'fingerprint', '\x00', 'request_bytes', 1, 'max_output_tokens', 1, 'cache_scope', '', 'watermark', '',
    'state', 'queued', 'run_at', now(), 'attempts', 0, 'unsent', 0, 'reserved_micro_usd', 0, 'spent_micro_usd', 0, 'cost_basis', 'none',
    'provider_attempted', false, 'request', '{}'::jsonb
  ) || p_change)).*
$$;
do $$
begin
  perform tollhouse_private.ensure_partitions(now() - interval '40 days', now());
  perform tollhouse_ops.set_provider('north', 'test'), tollhouse_ops.set_provider('south', 'test');
  perform pg_temp.refused('ann', 'monthly_cap_exceeded'), pg_temp.refused('ann', 'monthly_cap_exceeded'), pg_temp.refused('bob', 'monthly_cap_exceeded'),
    pg_temp.refused('ann', 'monthly_cap_exceeded', jsonb_build_object('created_at', now() - interval '23 hours', 'finished_at', now() - interval '2 hours')),
    pg_temp.refused('ann', 'monthly_cap_exceeded', jsonb_build_object('created_at', now() - interval '25 hours', 'finished_at', now() - interval '25 hours')),
    pg_temp.refused('bob', 'provider_kill_switch', '{"provider_attempted": true}'), pg_temp.refused('bob', 'price_unknown'),
    pg_temp.refused('bob', 'breaker_open'), pg_temp.refused('bob', 'hourly_shutoff', '{"tenant_id": "globex"}');
  perform pg_temp.waits('acme', 'ann', jsonb_build_object('run_at', now() - interval '90 seconds', 'created_at', now() - interval '5 minutes')),
    pg_temp.waits('acme', 'bob', jsonb_build_object('run_at', now() - interval '10 seconds', 'created_at', now() - interval '10 seconds')),
    pg_temp.waits('acme', 'ann', jsonb_build_object('state', 'scheduled', 'waits_for', 'run_at', 'created_at', now() - interval '3 days', 'run_at', now() + interval '1 day')),
    pg_temp.waits('acme', 'ann', jsonb_build_object('state', 'scheduled', 'waits_for', 'backoff', 'created_at', now() - interval '10 minutes', 'run_at', now() + interval '1 minute')),
    pg_temp.waits('acme', 'ann', '{"state": "coalesced"}'),
    pg_temp.waits('acme', 'ann', jsonb_build_object('state', 'running', 'worker_id', gen_random_uuid(), 'started_at', now(), 'reserved_micro_usd', 250000)),
    pg_temp.waits('globex', 'ann', '{"state": "coalesced"}');
  perform tollhouse_ops.pull_kill_switch('user', 'bob', 'abuse', 'acme'), tollhouse_ops.pull_kill_switch('provider', 'south', 'outage');
  perform tollhouse_ops.set_hourly_threshold('acme', '', 5000000, 'test'), tollhouse_ops.set_shutoff('acme', 'ann', now() + interval '1 hour', 'loop');
  perform tollhouse_ops.open_breaker('north', 'test', 'acme', 'ann', interval '1 minute');
end
$$;
insert into tollhouse_private.hourly_spend (tenant_id, hour, calls, spent_micro_usd) values ('acme', date_trunc('hour', now(), 'UTC'), 1, 1230000);
insert into tollhouse_private.breakers (tenant_id, user_id, provider, state, opened_at, open_until, consecutive_failures)
values ('acme', 'bob', 'north', 'open', now() - interval '1 hour', now() - interval '1 minute', 5);
insert into tollhouse_private.provider_breakers (provider, state, opened_at, open_until) values ('south', 'open', now(), now() + interval '1 minute');
insert into tollhouse_private.provider_windows (provider, worker_id, window_start, calls, failures, failing_users)
values ('south', gen_random_uuid(), now(), 20, 12, '{}'), ('south', gen_random_uuid(), now(), 10, 3, '{}');

select results_eq(
  $$select guard, blocked_reason, tenant_id, endpoint, calls, last_hour, stopped_in_flight, users, last_at = now() from tollhouse.refusals order by calls desc, guard, tenant_id$$,
  $$values ('budget', 'monthly_cap_exceeded', 'acme', 'route', 4::bigint, 3::bigint, 0::bigint, 2::bigint, true), ('breaker', 'breaker_open', 'acme', 'route', 1, 1, 0, 1, true),
    ('kill_switch', 'provider_kill_switch', 'acme', 'route', 1, 1, 1, 1, true), ('routing', 'price_unknown', 'acme', 'route', 1, 1, 0, 1, true),
    ('shutoff', 'hourly_shutoff', 'globex', 'route', 1, 1, 0, 1, true)$$,
  'refusals: by guard and reason, of 24 hours and of the last'
);
select results_eq(
  'select tenant_id, queued, scheduled, coalesced, running, oldest_waiting_seconds, oldest_call_seconds, reserved_usd from tollhouse.queue_depth order by tenant_id',
  $$values ('acme', 2::bigint, 2::bigint, 1::bigint, 1::bigint, 90.0, 600.0, 0.250000), ('globex', 0, 0, 1, 0, null, 0.0, 0.000000)$$,
  'queue_depth: each state, and how long the oldest has waited'
);
select results_eq(
  'select guard, scope, tenant_id, user_id, target, stops_calls, state, reason from tollhouse_ops.guard_state order by guard, scope, tenant_id, user_id',
  $$values
    ('breaker', 'provider', '', '', 'south', true, 'open', '15 of 30 calls failed in the running window'),
    ('breaker', 'user', 'acme', 'ann', 'north', true, 'open', '0 consecutive failures'),
    ('breaker', 'user', 'acme', 'bob', 'north', false, 'open', '5 consecutive failures'),
    ('hourly_shutoff', 'tenant', 'acme', '', '', false, 'armed', 'spent 1.23 of 5.00 USD in this hour'),
    ('hourly_shutoff', 'user', 'acme', 'ann', '', true, 'off, manual', 'loop'),
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
select results_eq('select blocked_reason, calls, users from tollhouse.refusals', $$values ('monthly_cap_exceeded', 3::bigint, 1::bigint)$$, 'ann sees her own refusals');
select results_eq('select tenant_id, queued, scheduled, running from tollhouse.queue_depth', $$values ('acme', 1::bigint, 2::bigint, 1::bigint)$$, 'her own calls in the queue');
select set_eq(
  'select guard, tenant_id, user_id, target from tollhouse.guard_state',
  $$values ('kill_switch', '', '', 'south'), ('hourly_shutoff', 'acme', '', ''), ('hourly_shutoff', 'acme', 'ann', ''), ('breaker', 'acme', 'ann', 'north')$$,
  'and what stops her, her tenant or everybody'
);
select throws_ok('select from tollhouse_ops.guard_state', '42501', null, 'not what operators see');
set local tollhouse.tenant_id = 'initech';
select is((select count(*) from tollhouse.refusals) + (select count(*) from tollhouse.queue_depth), 0::bigint, 'another tenant sees none of that');
select results_eq('select guard, target from tollhouse.guard_state', $$values ('kill_switch', 'south')$$, 'but for what stops everybody');

select * from finish();
rollback;
