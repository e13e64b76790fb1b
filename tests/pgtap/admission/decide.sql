begin;
select plan(24);

\ir batch.psql

-- Each guard, decided at the claim.
select pg_temp.ask('r1');
savepoint queued;
select is(pg_temp.claimed(), 1::bigint, 'a call that passes every guard is admitted');
rollback to queued;
select tollhouse_ops.pull_kill_switch('endpoint', 'route', 'test');
select is(pg_temp.claimed(), 0::bigint, 'a switch pulled after the enqueue stops the claim');
select results_eq('select pg_temp.calls()', array['r1: blocked provider_kill_switch'], 'and the call is blocked by it');
rollback to queued;
select tollhouse_ops.set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'test');
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: blocked hourly_shutoff'], 'a shutoff blocks');
rollback to queued;
select tollhouse_ops.open_breaker('mock', 'test', 'acme', 'ann');
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: blocked breaker_open'], 'an open breaker blocks');
rollback to queued;
delete from tollhouse_private.model_prices;
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: blocked price_unknown'], 'an unknown price blocks');
rollback to queued;
update tollhouse_private.task_types set models = '{}';
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: blocked no_model'], 'a model that is gone blocks');
rollback to queued;
select tollhouse_ops.set_monthly_cap('acme', '', 1, 'test');
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: blocked monthly_cap_exceeded'], 'a full budget blocks');
select results_eq('select provider_attempted, attempts, cost_micro_usd, cost_basis, refused_micro_usd from tollhouse_private.llm_api_calls', $$values (false, 0, 0::bigint, 'none', 528::bigint)$$,
  'no refusal asks a provider or costs anything; the ledger says what it could have cost');
select is_empty('select from tollhouse_private.provider_attempts', 'nor does it leave an attempt');
rollback to queued;
select tollhouse_ops.set_rate_limit('tenant', 'acme', 1, null, null, 'test');
update tollhouse_private.rate_limits set requests_available = 0;
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: scheduled'], 'a rate limit only defers');
rollback to queued;

-- The first guard that speaks decides; the later ones take nothing.
select tollhouse_ops.stop_everything('test');
select tollhouse_ops.set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'test');
select tollhouse_ops.open_breaker('mock', 'test');
select tollhouse_ops.set_monthly_cap('acme', '', 1, 'test');
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: blocked provider_kill_switch'], 'the kill switch speaks first');
rollback to queued;
select tollhouse_ops.set_rate_limit('tenant', 'acme', 10, null, null, 'test');
select tollhouse_ops.set_monthly_cap('acme', '', 1, 'test');
select pg_temp.claimed();
select is((select requests_available from tollhouse_private.rate_limits), 10::numeric, 'a call that the budget refuses takes nothing out of the rate limit');
rollback to queued;
select tollhouse_ops.set_rate_limit('tenant', 'acme', 1, null, null, 'test');
update tollhouse_private.rate_limits set requests_available = 0;
select tollhouse_ops.set_monthly_cap('acme', '', 1000000, 'test');
select pg_temp.claimed();
select is((select coalesce(sum(reserved_micro_usd), 0) from tollhouse_private.monthly_budgets), 0::numeric, 'a call that the rate limit defers reserves nothing');
rollback to queued;
select tollhouse_ops.open_breaker('mock', 'test', 'acme', 'ann', '1 microsecond');
select tollhouse_ops.set_monthly_cap('acme', '', 1, 'test');
select pg_temp.claimed();
select is((select state from tollhouse_private.breakers), 'open', 'a probe that the budget refuses leaves the slot free');
rollback to start;

-- Very many probes that may not go out.
select pg_temp.ask('r' || i) from generate_series(1, 25) as i;
select tollhouse_ops.set_monthly_cap('acme', '', 1, 'test');
select tollhouse.set_identity('globex', 'gus');
select pg_temp.ask('g1');
select tollhouse_ops.open_breaker('mock', 'test', p_cooldown => '1 microsecond');
select is(pg_temp.claimed(), 0::bigint, 'a claim does not try them all');
select results_eq(
  $$select split_part(c, ' ', 3), count(*) from (select pg_temp.calls() as c) as c group by 1 order by 1$$, $$values ('', 16::bigint), ('monthly_cap_exceeded', 10)$$,
  'those that it did not come to stay queued'
);
select pg_temp.claimed(), pg_temp.claimed();
select results_eq($$select c from (select pg_temp.calls() as c) as c where c like 'g%'$$, array['g1: running'], 'until the one that may go out has its turn');
rollback to start;

-- Fail closed.
select pg_temp.ask('r1');
select pg_temp.ask('r2');
savepoint two;
create or replace function tollhouse_private.guard_hourly_shutoff(p_jobs tollhouse_private.work[], p_now timestamptz) returns setof tollhouse_private.verdict
  language sql as $$ select null::uuid, 'blocked', 'hourly_shutoff', null::timestamptz, null::bigint $$;
select is(pg_temp.claimed(), 0::bigint, 'a guard that answers null admits nothing');
select results_eq('select pg_temp.calls()', array['r1: queued', 'r2: queued'], 'and loses nothing');
rollback to two;
create or replace function tollhouse_private.guard_rate_limit(p_routes tollhouse_private.route[], p_now timestamptz, p_admitted tollhouse_private.route[] default '{}') returns setof tollhouse_private.verdict
  language plpgsql as $$ begin raise 'broken'; end $$;
select throws_ok('select pg_temp.claimed()', 'P0001', 'broken', 'a guard that fails fails the claim');
select results_eq('select pg_temp.calls()', array['r1: queued', 'r2: queued'], 'which admits nothing and loses nothing');
rollback to two;

-- One batch, every verdict.
select tollhouse.set_identity('globex', 'gus');
select pg_temp.ask('g1');
select tollhouse_ops.pull_kill_switch('tenant', 'globex', 'test');
select tollhouse_ops.set_monthly_cap('acme', '', 600, 'test');
select is(pg_temp.claimed(), 1::bigint, 'each call of a batch is decided by itself');
select results_eq('select pg_temp.calls()', array['g1: blocked provider_kill_switch', 'r1: running', 'r2: scheduled'], 'whatever is said of the others');

select * from finish();
rollback;
