begin;
select plan(37);

select views_are('tollhouse', array[
  'llm_api_calls', 'jobs', 'provider_attempts', 'call_content', 'investigations', 'budget_optimization_jobs', 'monthly_budgets',
  'hourly_shutoffs', 'hourly_spend', 'breakers', 'kill_switches', 'distillation_samples',
  'monthly_spend', 'budget_burn', 'cache_hit_rate', 'savings', 'guard_state', 'refusals', 'queue_depth', 'provider_performance', 'retries'
], 'these are the views of a client');
-- Dashboards, which count rows instead of showing them, have files of their own.
create temporary table views on commit drop as
select c.relname, c.reloptions from pg_class as c
where c.relnamespace = 'tollhouse'::regnamespace and c.relkind = 'v'
  and c.relname <> all (array[
    'monthly_spend', 'budget_burn', 'cache_hit_rate', 'savings', 'guard_state', 'refusals', 'queue_depth', 'provider_performance', 'retries'
  ]);
select ok('security_invoker=true' = any (v.reloptions), format('%s reads as its reader', v.relname)) from views as v order by v.relname;

-- Three tenants' users with a row in each table.
create temporary table who on commit drop as
select w.tenant_id, w.user_id, gen_random_uuid() as call_id from (values ('acme', 'ann'), ('acme', 'bob'), ('globex', 'ann')) as w (tenant_id, user_id);
insert into tollhouse_private.llm_api_calls (tenant_id, call_id, created_at, finished_at, user_id, endpoint, request_id, fingerprint, status, was_cached, provider_attempted, attempts, cost_micro_usd, cost_basis, content_ref)
select tenant_id, call_id, now(), now(), user_id, 'route', call_id::text, '', 'success', false, true, 1, 1, 'usage', call_id from who;
insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes, max_output_tokens, run_at, request)
select tenant_id, call_id, user_id, 'route', call_id::text, now(), '', 1, 1, now(), '{}' from who;
insert into tollhouse_private.provider_attempts (tenant_id, call_id, attempt, late, created_at, started_at, finished_at, user_id, endpoint, provider, model, worker_id, outcome, sent, cost_micro_usd, cost_basis, budget_month)
select tenant_id, call_id, 1, false, now(), now(), now(), user_id, 'route', 'mock', 'small', call_id, 'success', true, 1, 'usage', '2030-01-01' from who;
insert into tollhouse_private.call_content select tenant_id, call_id, now(), user_id, '{"prompt": "x"}', '{"content": "y"}', null, null from who;
insert into tollhouse_private.investigations select tenant_id, call_id, now(), user_id, 'q', 'f' from who;
insert into tollhouse_private.budget_optimization_jobs select tenant_id, call_id, now(), user_id, 'q', '{}' from who;
insert into tollhouse_private.monthly_budgets select tenant_id, user_id, '2030-01-01', 1, 0, 0 from who;
insert into tollhouse_private.hourly_shutoffs (tenant_id, user_id) select tenant_id, user_id from who;
insert into tollhouse_private.hourly_spend select tenant_id, user_id, now(), 1, 1 from who;
insert into tollhouse_private.breakers select tenant_id, user_id, 'mock' from who;
insert into tollhouse_private.kill_switches select 'user', tenant_id, user_id, 'test', 'test', now() from who;

create function pg_temp.rows_of(p_view name, p_role name)
  returns bigint
  language plpgsql
as $$
declare
  v_rows bigint;
begin
  execute format('set local role %I', p_role);
  execute format('select count(*) from tollhouse.%I', p_view) into v_rows;
  reset role;
  return v_rows;
end
$$;

select tollhouse.set_identity('acme', 'ann');
select is(pg_temp.rows_of(v.relname, 'tollhouse_client'), 1::bigint, format('%s shows a user their own row', v.relname)) from views as v order by v.relname;
select is(pg_temp.rows_of(v.relname, 'tollhouse_auditor'), 3::bigint, format('%s shows an auditor everybody''s', v.relname)) from views as v order by v.relname;

select * from finish();
rollback;
