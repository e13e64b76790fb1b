begin;
select plan(11);

\ir ../two_providers.psql
select columns_are('tollhouse', 'distillation_samples', array[
  'tenant_id', 'user_id', 'call_id', 'created_at', 'endpoint', 'provider', 'model', 'messages', 'request', 'response', 'reasoning',
  'metadata', 'input_tokens', 'output_tokens', 'reasoning_tokens'
], 'a sample has exactly these columns');
select bag_eq(
  $$select option::text from pg_class as c cross join unnest(c.reloptions) as option where c.oid = 'tollhouse.distillation_samples'::regclass$$,
  array['security_invoker=true', 'security_barrier=true'], 'the view reads as its reader'
);

-- For each policy a success, a hit of it, a refusal, a failure and a cancelled call.
create function pg_temp.asked(p_tenant_id text, p_request_id text, p_change jsonb default '{}') returns void language plpgsql as $$
begin
  perform set_config('tollhouse.tenant_id', p_tenant_id, true), set_config('tollhouse.user_id', 'ann', true);
  set local role tollhouse_client;
  perform tollhouse.enqueue_many(jsonb_build_array(
    '{"endpoint": "route", "request": {"prompt": "six times seven?"}}'::jsonb || jsonb_build_object('request_id', p_request_id) || p_change));
  reset role;
end
$$;
do $$
declare
  v_policy text;
begin
  foreach v_policy in array array['full', 'metadata', 'none'] loop
    perform tollhouse_ops.set_capture_policy(v_policy, v_policy, 'test');
    perform pg_temp.asked(v_policy, 'success');
    perform pg_temp.worked('success');
    perform pg_temp.asked(v_policy, 'cached');
    perform pg_temp.worked('success');
    perform pg_temp.asked(v_policy, 'failed', '{"request": {"prompt": "fail"}}');
    perform pg_temp.worked('rejected');
    perform pg_temp.asked(v_policy, 'blocked', '{"request": {"prompt": "block"}, "max_cost_micro_usd": 0}');
    perform pg_temp.worked('success');
    perform pg_temp.asked(v_policy, 'cancelled', '{"request": {"prompt": "cancel"}}');
    perform pg_temp.worked('cancelled');
  end loop;
end
$$;
select results_eq(
  $$select c.tenant_id, c.request_id, c.status, c.was_cached from tollhouse_private.llm_api_calls as c order by 1, 2$$,
  $$
    values
      ('full', 'blocked', 'blocked', false), ('full', 'cached', 'success', true), ('full', 'cancelled', 'cancelled', false),
      ('full', 'failed', 'failed', false), ('full', 'success', 'success', false),
      ('metadata', 'blocked', 'blocked', false), ('metadata', 'cached', 'success', true), ('metadata', 'cancelled', 'cancelled', false),
      ('metadata', 'failed', 'failed', false), ('metadata', 'success', 'success', false),
      ('none', 'blocked', 'blocked', false), ('none', 'cached', 'success', false), ('none', 'cancelled', 'cancelled', false),
      ('none', 'failed', 'failed', false), ('none', 'success', 'success', false)
  $$,
  'there is one call of each kind (where nothing is kept, the second is no hit but another success)'
);
set local role tollhouse_auditor;
select results_eq(
  $$select s.tenant_id, c.request_id from tollhouse.distillation_samples as s join tollhouse.llm_api_calls as c on c.call_id = s.call_id$$,
  $$values ('full', 'success')$$,
  'the one sample is the success that a provider gave and that may be kept: not the cached, blocked, failed or cancelled, nor another policy''s'
);
select results_eq(
  $$select s.messages, s.response ->> 'content', s.reasoning, s.metadata -> 'provider', s.input_tokens, s.output_tokens, s.reasoning_tokens from tollhouse.distillation_samples as s$$,
  $$
    values ('[{"role": "user", "content": "six times seven?"}, {"role": "assistant", "content": "forty-two"}]'::jsonb,
      'forty-two', 'six times seven', '{"system_fingerprint": "fp"}'::jsonb, 10, 20, 5)
  $$,
  'it has question and answer as messages, reasoning, metadata and tokens'
);
reset role;

select is(
  (select count(*) from tollhouse_private.call_content as cc where cc.tenant_id = 'none'), 0::bigint,
  'a tenant whose policy is none leaves no content at all'
);
select is(
  (select count(*) from tollhouse_private.llm_api_calls as c where coalesce(c.content_ref, c.reasoning_ref, c.metadata_ref) is not null and c.status <> 'success'), 0::bigint,
  'no refusal or failure refers to content'
);

-- Messages of several turns, and an answer that calls tools.
do $$
begin
  perform pg_temp.asked('full', 'turns', '{"request": {"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "six times seven?"}]}}');
  perform tollhouse_worker.record('00000000-0000-4000-8000-000000000001', (
    select jsonb_agg(jsonb_build_object(
      'tenant_id', c.tenant_id, 'call_id', c.call_id, 'attempt', c.attempt, 'outcome', 'success', 'input_tokens', 1, 'output_tokens', 1,
      'response', '{"content": null, "finish_reason": "tool_calls", "tool_calls": [{"id": "t1"}]}'::jsonb))
    from tollhouse_worker.claim('00000000-0000-4000-8000-000000000001', 10) as c
  ));
end
$$;
set local tollhouse.tenant_id = 'full';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select is(
  (select s.messages from tollhouse.distillation_samples as s where s.request ? 'messages'),
  '[{"role": "system", "content": "be brief"}, {"role": "user", "content": "six times seven?"}, {"role": "assistant", "tool_calls": [{"id": "t1"}]}]'::jsonb,
  'several turns come before the answer, and an answer may be a call of tools'
);
select is((select count(*) from tollhouse.distillation_samples), 2::bigint, 'a client sees its own samples');
set local tollhouse.user_id = 'bob';
select is_empty('select from tollhouse.distillation_samples', 'and nobody else''s');
reset role;

-- The content's month is dropped: the ledger row stays, the sample goes.
delete from tollhouse_private.call_content;
set local role tollhouse_auditor;
select is_empty('select from tollhouse.distillation_samples', 'without its content a call is no sample');
reset role;

select * from finish();
rollback;
