-- Who may do what, exactly. What is made later and is not listed here fails this file.
begin;
select plan(11);

create function pg_temp.short(p_role oid) returns text language sql as $$
  select case p_role when 0 then 'PUBLIC' else replace(p_role::regrole::text, 'tollhouse_', '') end
$$;
create temporary view routines_now as
select
  p.oid as routine_oid,
  -- The full name, whatever the search_path.
  format('%s.%s(%s)', n.nspname, p.proname, replace(oidvectortypes(p.proargtypes), 'timestamp with time zone', 'timestamptz')) collate "default" as routine,
  pg_temp.short(p.proowner) as owner,
  case when p.prosecdef then 'definer' else 'invoker' end as security,
  (
    select string_agg(pg_temp.short(a.grantee) || case when a.is_grantable then '*' else '' end, ' ' order by pg_temp.short(a.grantee))
    from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
  ) as executes
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
where n.nspname in ('tollhouse', 'tollhouse_private', 'tollhouse_worker', 'tollhouse_ops');

create temporary view relations_now as
select
  c.oid as relation_oid,
  format('%s.%s', n.nspname, c.relname) collate "default" as relation,
  case c.relkind when 'v' then 'view' when 'S' then 'sequence' when 'r' then 'table' when 'p' then 'table' else c.relkind::text end as kind,
  (
    select string_agg(g.grantee || ': ' || case g.privileges
      when 'delete insert references select trigger truncate update' then 'all' else g.privileges end, '; ' order by g.grantee)
    from (
      select
        pg_temp.short(a.grantee) as grantee,
        string_agg(lower(a.privilege_type) || case when a.is_grantable then '*' else '' end, ' ' order by a.privilege_type) as privileges
      from aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) as a
      where a.privilege_type <> 'MAINTAIN'  -- the owner's, from PostgreSQL 17 on
      group by a.grantee
    ) as g
  ) as privileges
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('tollhouse', 'tollhouse_private', 'tollhouse_worker', 'tollhouse_ops')
  and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and not c.relispartition;

create temporary table routines (routine text, owner text, security text, executes text);
insert into routines values
  ('tollhouse.cancel(uuid)', 'owner', 'definer', 'client owner'),
  ('tollhouse.done_channel()', 'owner', 'definer', 'client owner'),
  ('tollhouse.enqueue(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb)', 'owner', 'definer', 'client owner'),
  ('tollhouse.enqueue_as(text, text, text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb)', 'owner', 'definer', 'client owner'),
  ('tollhouse_private.enqueue_calls(text, text, tollhouse_private.asked_call[], boolean)', 'engine', 'definer', 'engine owner'),
  ('tollhouse_private.refuse_call(tollhouse_private.asked_call, bigint, timestamptz)', 'engine', 'definer', 'engine owner'),
  ('tollhouse_private.early_verdicts(tollhouse_private.jobs[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.existing_calls(tollhouse_private.jobs[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.guard_idempotency(tollhouse_private.jobs[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.new_jobs(text, text, tollhouse_private.asked_call[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.sound_request(jsonb)', 'engine', 'invoker', 'engine'),
  ('tollhouse.enqueue_many(jsonb)', 'owner', 'definer', 'client owner'),
  ('tollhouse.enqueue_query(text)', 'owner', 'invoker', 'client owner'),
  ('tollhouse.explain(text, text, text)', 'owner', 'definer', 'client owner'),
  ('tollhouse.result(uuid)', 'owner', 'definer', 'client owner'),
  ('tollhouse.set_identity(text, text)', 'owner', 'definer', 'client owner'),
  ('tollhouse.wait_for(uuid, interval)', 'owner', 'definer', 'client owner'),
  ('tollhouse_ops.bind_login(name, text, text, text, boolean)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.close_breaker(text, text, text, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.drop_queue_limit(text, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.set_queue_limit(text, bigint, bigint, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.forget_overrun(text, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_private.learn_overrun(text, uuid, numeric, timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.overrun_of(text, timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.with_overrun(bigint, numeric)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_ops.drop_rate_limit(text, text, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.explain(text, text, text, text)', 'engine', 'definer', 'auditor engine operator'),
  ('tollhouse_ops.explain_ended(text, uuid, timestamptz)', 'engine', 'definer', 'auditor engine monitor operator'),
  ('tollhouse_ops.lift_kill_switch(text, text, text, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.lift_shutoff(text, text, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.open_breaker(text, text, text, text, interval)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.pull_kill_switch(text, text, text, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.resume_everything(text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.set_capture_policy(text, text, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.set_hourly_threshold(text, text, bigint, text, interval)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.set_model(text, text, text, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.set_monthly_cap(text, text, bigint, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.set_price(text, text, bigint, text, timestamptz)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.set_provider(text, text, integer, interval, interval, integer, numeric)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.set_rate_limit(text, text, integer, integer, integer, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.set_settings(text, interval, interval, interval, interval, integer)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.set_shutoff(text, text, timestamptz, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.set_task_type(text, text, text[], integer, integer, integer, integer, integer, interval, text, text, boolean, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.stop_everything(text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_ops.unbind_login(name, text)', 'engine', 'definer', 'engine operator'),
  ('tollhouse_private.append_attempts(tollhouse_private.settlement[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.assess(tollhouse_private.settlement[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.audit(text, jsonb, text, jsonb, jsonb)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.begin_attempts(uuid, tollhouse_private.route[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.open_breakers(tollhouse_private.work[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.needless_probes(tollhouse_private.route[], tollhouse_private.route[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.begin_probes(tollhouse_private.route[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.book_hour(tollhouse_private.due[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.append_late(uuid, tollhouse_private.attempt_result[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.bound_times(timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.guard_breaker(text, timestamptz, timestamptz)', 'engine', 'invoker', 'engine owner'),
  ('tollhouse_private.budget_month(timestamptz)', 'engine', 'invoker', 'engine owner'),
  ('tollhouse_private.call_up(timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.cached_result(tollhouse_private.work)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.change_shutoff(text, text, text, jsonb, text)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.check_materializer(text)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.check_room(text, integer, bigint)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.check_target(text, text)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.check_value(boolean, text, text)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.choose_models(tollhouse_private.work[], timestamptz, tollhouse_private.breakers[], tollhouse_private.provider_breakers[], boolean)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.current_tenant_id()', 'engine', 'invoker', 'client engine owner'),
  ('tollhouse_private.current_user_id()', 'engine', 'invoker', 'client engine owner'),
  ('tollhouse_private.decide(tollhouse_private.work[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.drop_bindings(name)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.fails_everybody(tollhouse_private.providers, timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.guard_budget(tollhouse_private.route[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.guard_cancelled(tollhouse_private.work[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.guard_coalescing(tollhouse_private.work[], timestamptz, tollhouse_private.work[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.guard_rate_limit(tollhouse_private.route[], timestamptz, tollhouse_private.route[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.identity()', 'engine', 'definer', 'client engine owner'),
  ('tollhouse_private.has_answer(tollhouse_private.response_cache, timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.kept_answer(text, uuid)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.land(uuid[], text[], bytea[], tid[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.leader_is_lost(text, uuid)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.keeps_content(text, text)', 'engine', 'definer', 'auditor client engine operator owner'),
  ('tollhouse_private.lock_ahead(tollhouse_private.work[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.move_breaker(text, text, text, text, text, timestamptz, text)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.observe_providers(tollhouse_private.settlement[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.observe_users(tollhouse_private.settlement[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.next_in_line(text, text, integer)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.oldest_jobs(tollhouse_private.turn[], integer, bigint)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.pick(text, integer)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.probe_again(tollhouse_private.work[], tollhouse_private.verdict[], timestamptz, tollhouse_private.route[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.probe_refused(tollhouse_private.route[], tollhouse_private.verdict[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.promote_due(timestamptz, text)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.rate_limit_waits(text, tollhouse_private.route[], uuid[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.rate_limits_of(tollhouse_private.route[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.reads_all_users()', 'engine', 'invoker', 'client engine owner'),
  ('tollhouse_private.refusing_guard(text)', 'owner', 'definer', 'auditor client monitor operator owner'),
  ('tollhouse_private.release_flights(tollhouse_private.settlement[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.requeue(tollhouse_private.settlement[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.route_jobs(tollhouse_private.work[], timestamptz, tollhouse_private.route[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.settle(tollhouse_private.settlement[], timestamptz, tollhouse_private.due[], tollhouse_private.overrun[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.stands_in_line(text, text, uuid[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.budget_users_in_line(text, text, integer)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.call_up_budget(text, text[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.look_after_budget_lines(timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.settle_budget(tollhouse_private.due[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.store_answers(tollhouse_private.settlement[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.take_rate_limit(tollhouse_private.route[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.tenants_in_line(text, integer)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.users_scheduled(text, text, integer)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.note_turns(text, text[], text[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.users_in_line(text, text, integer)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.turn_away(tollhouse_private.work[], tollhouse_private.verdict[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.without_text(tollhouse_private.attempt_result)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.without_answers(tollhouse_private.settlement[])', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.wake_followers()', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.wake_stranded()', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.announce(tollhouse_private.settlement[])', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.call_created_at(uuid)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.stretch(regclass)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.candidate_models(text, text)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.check_call(tollhouse_private.task_types, jsonb, text, text, text, bigint, timestamptz, jsonb, timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.capture_of(text, text)', 'engine', 'invoker', 'engine owner'),
  ('tollhouse_private.ending(tollhouse_private.work, text, text, tollhouse_private.attempt_result, tollhouse_private.jobs, bigint)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.close_calls(tollhouse_private.settlement[], timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.charge_basis(boolean, text, bigint)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.cost_of_usage(bigint, bigint, bigint, bigint, integer, integer, integer, integer)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.done_channel_name(text, text, text)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.dues(tollhouse_private.settlement[], timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.done_channel_of(text, text)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.drop_old_partitions(timestamptz, timestamptz[])', 'owner', 'definer', 'engine owner'),
  ('tollhouse_private.ensure_partitions(timestamptz, timestamptz)', 'owner', 'definer', 'engine owner'),
  ('tollhouse_private.explain_blocked(tollhouse_private.llm_api_calls, timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.explain_call(tollhouse_private.request_keys, timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.explain_cap(tollhouse_private.llm_api_calls, timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.explain_ended(tollhouse_private.llm_api_calls, timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.explain_obstacle(tollhouse_private.jobs, timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.explain_line(tollhouse_private.jobs, bigint, timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.explain_waiting(tollhouse_private.jobs, timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.guard_cache(tollhouse_private.work[], timestamptz)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.guard_hourly_shutoff(tollhouse_private.work[], timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.guard_kill_switch(tollhouse_private.work[])', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.has_month(timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.highest_cost(bigint, bigint, bigint, bigint, integer, integer)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.is_identifier(text)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.has_visible(text)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.json_problem(jsonb)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.killed(text, text, text, text, text)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.materialize(tollhouse_private.settlement[])', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.materialize_budget_optimization(text, text, uuid, timestamptz, jsonb, jsonb)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.materialize_investigation(text, text, uuid, timestamptz, jsonb, jsonb)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.new_call_id(timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.price_at(text, timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.prospects(tollhouse_private.work, timestamptz)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.question_of(jsonb)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.part_problem(jsonb, text, text)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.request_problem(jsonb)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.unreadable_result(jsonb)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.value_fits(jsonb, text)', 'engine', 'invoker', 'engine'),
  ('tollhouse_private.stricter_capture(text, text)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.switch_in_words(tollhouse_private.jobs)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.switch_stops(tollhouse_private.kill_switches, text, text, text, text, text)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.tell_each(text[], text[])', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.tell(text, text[])', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.verify_that(boolean, text)', 'owner', 'invoker', 'owner'),
  ('tollhouse_private.our_roles()', 'owner', 'invoker', 'owner'),
  ('tollhouse_private.verify_function(regprocedure, regrole, text, text[])', 'owner', 'invoker', 'owner'),
  ('tollhouse_private.wrong_grants(regclass, regrole, text[])', 'owner', 'invoker', 'owner'),
  ('tollhouse_private.verify_table(regclass, regrole, text[], text[])', 'owner', 'invoker', 'owner'),
  ('tollhouse_private.verify_view(regclass, regrole, text[])', 'owner', 'invoker', 'owner'),
  ('tollhouse_private.verify_withheld(regclass, regrole, text[])', 'owner', 'invoker', 'owner'),
  ('tollhouse_private.verify_policies(regclass, text[])', 'owner', 'invoker', 'owner'),
  ('tollhouse_private.verify_type(regtype, regrole)', 'owner', 'invoker', 'owner'),
  ('tollhouse_private.undecided(tollhouse_private.work[], tollhouse_private.verdict[])', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.undecided(tollhouse_private.route[], tollhouse_private.verdict[])', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.wake_idle_worker()', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_private.work_of(tollhouse_private.jobs, tid)', 'owner', 'invoker', 'engine owner'),
  ('tollhouse_worker.calls_to_abort(uuid)', 'engine', 'definer', 'engine worker'),
  ('tollhouse_worker.claim(uuid, integer)', 'engine', 'definer', 'engine worker'),
  ('tollhouse_worker.deregister(uuid)', 'engine', 'definer', 'engine worker'),
  ('tollhouse_worker.heartbeat(uuid, integer)', 'engine', 'definer', 'engine worker'),
  ('tollhouse_worker.maintain()', 'engine', 'definer', 'engine worker'),
  ('tollhouse_worker.prune()', 'engine', 'definer', 'engine worker'),
  ('tollhouse_worker.reap()', 'engine', 'definer', 'engine worker'),
  ('tollhouse_worker.record(uuid, jsonb)', 'engine', 'definer', 'engine worker'),
  ('tollhouse_worker.record_and_claim(uuid, jsonb, integer, jsonb)', 'engine', 'invoker', 'engine worker'),
  ('tollhouse_worker.register(uuid, text, integer, text)', 'engine', 'definer', 'engine worker'),
  ('tollhouse_worker.set_idle(uuid, boolean)', 'engine', 'definer', 'engine worker');

create temporary table relations (relation text, kind text, privileges text);
insert into relations values
  ('tollhouse.breakers', 'view',
    'auditor: select; client: select; monitor: select; operator: select; owner: all'),
  ('tollhouse.budget_optimization_jobs', 'view',
    'auditor: select; client: select; operator: select; owner: all'),
  ('tollhouse.call_content', 'view',
    'auditor: select; client: select; operator: select; owner: all'),
  ('tollhouse.distillation_samples', 'view',
    'auditor: select; client: select; operator: select; owner: all'),
  ('tollhouse.hourly_shutoffs', 'view',
    'auditor: select; client: select; monitor: select; operator: select; owner: all'),
  ('tollhouse.hourly_spend', 'view',
    'auditor: select; client: select; monitor: select; operator: select; owner: all'),
  ('tollhouse.investigations', 'view',
    'auditor: select; client: select; operator: select; owner: all'),
  ('tollhouse.jobs', 'view',
    'auditor: select; client: select; operator: select; owner: all'),
  ('tollhouse.kill_switches', 'view',
    'auditor: select; client: select; monitor: select; operator: select; owner: all'),
  ('tollhouse.llm_api_calls', 'view',
    'auditor: select; client: select; operator: select; owner: all'),
  ('tollhouse.monthly_budgets', 'view',
    'auditor: select; client: select; monitor: select; operator: select; owner: all'),
  ('tollhouse.provider_attempts', 'view',
    'auditor: select; client: select; operator: select; owner: all'),
  ('tollhouse.budget_burn', 'view',
    'auditor: select; client: select; monitor: select; operator: select; owner: all'),
  ('tollhouse.cache_hit_rate', 'view',
    'auditor: select; client: select; monitor: select; operator: select; owner: all'),
  ('tollhouse.guard_state', 'view',
    'auditor: select; client: select; monitor: select; operator: select; owner: all'),
  ('tollhouse.monthly_spend', 'view',
    'auditor: select; client: select; monitor: select; operator: select; owner: all'),
  ('tollhouse.provider_performance', 'view',
    'auditor: select; client: select; monitor: select; operator: select; owner: all'),
  ('tollhouse.queue_depth', 'view',
    'auditor: select; client: select; monitor: select; operator: select; owner: all'),
  ('tollhouse.refusals', 'view',
    'auditor: select; client: select; monitor: select; operator: select; owner: all'),
  ('tollhouse.retries', 'view',
    'auditor: select; client: select; monitor: select; operator: select; owner: all'),
  ('tollhouse.savings', 'view',
    'auditor: select; client: select; monitor: select; operator: select; owner: all'),
  ('tollhouse_ops.database_health', 'view',
    'auditor: select; engine: all; monitor: select; operator: select'),
  ('tollhouse_ops.snapshot_holders', 'view',
    'auditor: select; engine: all; monitor: select; operator: select'),
  ('tollhouse_ops.guard_state', 'view',
    'auditor: select; engine: all; monitor: select; operator: select'),
  ('tollhouse_ops.attempts', 'view',
    'auditor: select; engine: all; monitor: select; operator: select'),
  ('tollhouse_ops.finished_calls', 'view',
    'auditor: select; engine: all; monitor: select; operator: select'),
  ('tollhouse_ops.unfinished_calls', 'view',
    'auditor: select; engine: all; monitor: select; operator: select'),
  ('tollhouse_ops.queue_limits', 'view',
    'auditor: select; engine: all; monitor: select; operator: select'),
  ('tollhouse_ops.model_overruns', 'view',
    'auditor: select; engine: all; monitor: select; operator: select'),
  ('tollhouse_ops.workers', 'view',
    'auditor: select; engine: all; monitor: select; operator: select'),
  ('tollhouse_ops.operator_audit', 'view',
    'auditor: select; engine: all; monitor: select; operator: select'),
  ('tollhouse_ops.explained_calls', 'view',
    'auditor: select; engine: all; monitor: select; operator: select'),
  ('tollhouse_private.queue_look_0', 'sequence', 'engine: select update usage'),
  ('tollhouse_private.queue_look_1', 'sequence', 'engine: select update usage'),
  ('tollhouse_private.queue_look_2', 'sequence', 'engine: select update usage'),
  ('tollhouse_private.queue_look_3', 'sequence', 'engine: select update usage'),
  ('tollhouse_private.queue_look_4', 'sequence', 'engine: select update usage'),
  ('tollhouse_private.queue_look_5', 'sequence', 'engine: select update usage'),
  ('tollhouse_private.queue_look_6', 'sequence', 'engine: select update usage'),
  ('tollhouse_private.queue_look_7', 'sequence', 'engine: select update usage'),
  ('tollhouse_private.queue_counts_count_id_seq', 'sequence',
    'owner: select update usage'),
  ('tollhouse_private.operator_audit_id_seq', 'sequence',
    'owner: select update usage'),
  ('tollhouse_private.attempt_outcomes', 'table',
    'auditor: select; engine: select; operator: select; owner: all'),
  ('tollhouse_private.breakers', 'table',
    'auditor: select; client: select; engine: delete insert select update; monitor: select; operator: select; owner: all'),
  ('tollhouse_private.budget_caps', 'table',
    'auditor: select; engine: delete insert select update; operator: select; owner: all'),
  ('tollhouse_private.budget_optimization_jobs', 'table',
    'auditor: select; client: select; engine: insert select; operator: select; owner: all'),
  ('tollhouse_private.call_content', 'table',
    'auditor: select; client: select; engine: insert select; operator: select; owner: insert references select trigger'),
  ('tollhouse_private.cancel_requests', 'table',
    'auditor: select; client: select; engine: delete select update; operator: select; owner: insert references select trigger'),
  ('tollhouse_private.channel_secret', 'table',
    'engine: select; owner: all'),
  ('tollhouse_private.deliveries', 'table',
    'engine: delete insert select; owner: all'),
  ('tollhouse_private.ended_flights', 'table',
    'engine: delete insert select update; owner: insert references trigger'),
  ('tollhouse_private.hourly_shutoffs', 'table',
    'auditor: select; client: select; engine: delete insert select update; monitor: select; operator: select; owner: all'),
  ('tollhouse_private.hourly_spend', 'table',
    'auditor: select; client: select; engine: delete insert select update; monitor: select; operator: select; owner: all'),
  ('tollhouse_private.investigations', 'table',
    'auditor: select; client: select; engine: insert select; operator: select; owner: all'),
  ('tollhouse_private.jobs', 'table',
    'auditor: select; client: select; engine: delete insert select update; operator: select; owner: all'),
  ('tollhouse_private.kill_switches', 'table',
    'auditor: select; client: select; engine: delete insert select update; monitor: select; operator: select; owner: all'),
  ('tollhouse_private.llm_api_calls', 'table',
    'auditor: select; client: select; engine: insert select; operator: select; owner: insert references select trigger'),
  ('tollhouse_private.login_bindings', 'table',
    'auditor: select; engine: delete insert select update; operator: select; owner: all'),
  ('tollhouse_private.model_overruns', 'table',
    'auditor: select; engine: delete insert select update; monitor: select; operator: select; owner: all'),
  ('tollhouse_private.model_prices', 'table',
    'auditor: select; engine: insert select; operator: select; owner: all'),
  ('tollhouse_private.models', 'table',
    'auditor: select; engine: delete insert select update; operator: select; owner: all'),
  ('tollhouse_private.monthly_budgets', 'table',
    'auditor: select; client: select; engine: insert select update; monitor: select; operator: select; owner: all'),
  ('tollhouse_private.operator_audit', 'table',
    'auditor: select; engine: insert; monitor: select; operator: select; owner: insert references select trigger'),
  ('tollhouse_private.provider_attempts', 'table',
    'auditor: select; client: select; engine: insert select; operator: select; owner: references select trigger'),
  ('tollhouse_private.provider_breakers', 'table',
    'auditor: select; engine: delete insert select update; monitor: select; operator: select; owner: all'),
  ('tollhouse_private.provider_windows', 'table',
    'auditor: select; engine: delete insert select update; operator: select; owner: all'),
  ('tollhouse_private.providers', 'table',
    'auditor: select; engine: delete insert select update; operator: select; owner: all'),
  ('tollhouse_private.queue_counts', 'table',
    'engine: delete insert select update; owner: all'),
  ('tollhouse_private.queue_limits', 'table',
    'auditor: select; engine: delete insert select update; monitor: select; operator: select; owner: all'),
  ('tollhouse_private.rate_limits', 'table',
    'auditor: select; engine: delete insert select update; operator: select; owner: all'),
  ('tollhouse_private.refusal_reasons', 'table',
    'auditor: select; engine: select; monitor: select; operator: select; owner: all'),
  ('tollhouse_private.request_keys', 'table',
    'engine: delete insert select; owner: all'),
  ('tollhouse_private.response_cache', 'table',
    'engine: delete insert select update; owner: all'),
  ('tollhouse_private.settings', 'table',
    'auditor: select; engine: select update; operator: select; owner: all'),
  ('tollhouse_private.turns', 'table',
    'auditor: select; engine: delete insert select update; operator: select; owner: all'),
  ('tollhouse_private.task_types', 'table',
    'auditor: select; engine: delete insert select update; operator: select; owner: all'),
  ('tollhouse_private.tenant_settings', 'table',
    'auditor: select; engine: delete insert select update; operator: select; owner: all'),
  ('tollhouse_private.workers', 'table',
    'auditor: select; engine: delete insert select update; monitor: select; operator: select; owner: all');

select set_eq(
  'select routine, owner, security, executes from routines_now', 'select routine, owner, security, executes from routines',
  'every function and procedure is listed, and its owner, its rights and who may execute it are exactly these'
);
select set_eq(
  'select relation, kind, privileges from relations_now', 'select relation, kind, privileges from relations',
  'every table, view and sequence is listed, and who has which privilege is exactly this'
);
select is_empty(
  $$
    select r.routine, who.rolname from routines_now as r cross join pg_roles as who
    where who.rolname like 'tollhouse\_%'
      and has_function_privilege(who.oid, r.routine_oid, 'execute')
        <> (replace(who.rolname, 'tollhouse_', '') = any (string_to_array(r.executes, ' ')))
  $$,
  'no role executes anything by way of another role'
);
select is_empty(
  $$
    select r.relation, who.rolname, privilege from relations_now as r cross join pg_roles as who
    cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as privilege
    where who.rolname in ('tollhouse_client', 'tollhouse_worker', 'tollhouse_operator', 'tollhouse_auditor', 'tollhouse_monitor')
      and r.kind <> 'sequence'
      and has_table_privilege(who.oid, r.relation_oid, privilege)
      and not (privilege = 'select' and r.privileges like '%' || replace(who.rolname, 'tollhouse_', '') || ': select%')
  $$,
  'nobody who logs in has more on a table or view than to select'
);
select set_eq(
  $$
    select format('%s: %s %s of %s', c.relname, pg_temp.short(g.grantee), lower(g.privilege_type), a.attname)
    from pg_attribute as a join pg_class as c on c.oid = a.attrelid cross join lateral aclexplode(a.attacl) as g
    where c.relnamespace::regnamespace::text like 'tollhouse%'
  $$,
  $$
    select format('%s: monitor select of %s', c.relname, a.attname)
    from pg_attribute as a join pg_class as c on c.oid = a.attrelid
    where c.oid in ('tollhouse_private.jobs'::regclass, 'tollhouse_private.llm_api_calls'::regclass, 'tollhouse_private.provider_attempts'::regclass)
      and a.attnum > 0 and not a.attisdropped
      and a.attname not in (
        'request', 'metadata', 'error_message', 'provider_request_id', 'fingerprint', 'cache_key', 'cache_scope', 'price',
        'content_ref', 'reasoning_ref', 'metadata_ref'
      )
  $$,
  'the only privileges on columns are the monitor''s, on all that holds no content'
);
select is_empty(
  $$
    select c.oid::regclass from pg_class as c
    where c.relispartition and c.relkind = 'r' and c.relnamespace = 'tollhouse_private'::regnamespace
      and (c.relacl is null or cardinality(c.relacl) > 0)
  $$,
  'nor on a partition'
);
select is_empty(
  $$select r.relation from relations_now as r where r.privileges like '%worker:%'$$, 'the worker has no privilege on any table or view'
);
select is_empty(
  $$select r.routine from routines_now as r where 'PUBLIC' = any (string_to_array(r.executes, ' '))$$, 'nothing is everybody''s to execute'
);
select is_empty(
  $$
    select r.routine from routines_now as r join pg_proc as p on p.oid = r.routine_oid
    where p.prosecdef and not coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false)
  $$,
  'a function that runs as its owner fixes its search_path, and looks for temporary objects last'
);
select is_empty(
  $$
    select c.oid::regclass from pg_class as c
    where c.relkind = 'v' and c.relnamespace in ('tollhouse'::regnamespace, 'tollhouse_ops'::regnamespace)
      and not coalesce('security_invoker=true' = any (c.reloptions), false)
  $$,
  'a view that is read by somebody else reads as that somebody'
);

-- This file itself: does it notice?
create function tollhouse.back_door() returns integer language sql return 1;
create view tollhouse.window_sill as select 1 as one;
select results_eq(
  $$
    select r.routine from routines_now as r where not exists (select from routines as k where k.routine = r.routine)
    union all
    select r.relation from relations_now as r where not exists (select from relations as k where k.relation = r.relation)
  $$,
  array['tollhouse.back_door()', 'tollhouse.window_sill'],
  'a function or view that is not listed does not go unnoticed'
);

select * from finish();
rollback;
