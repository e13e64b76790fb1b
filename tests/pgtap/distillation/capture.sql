begin;
select plan(47);

savepoint stricter_capture;
\ir ../two_providers.psql
select is(tollhouse_private.stricter_capture(v.task, v.tenant), v.kept, format('endpoint %s, tenant %s: %s', coalesce(v.task, 'gone'), coalesce(v.tenant, 'undecided'), v.kept))
from (values
  ('full', 'full', 'full'), ('full', 'metadata', 'metadata'), ('full', 'none', 'none'), ('full', null, 'full'),
  ('metadata', 'full', 'metadata'), ('metadata', 'metadata', 'metadata'), ('metadata', 'none', 'none'), ('metadata', null, 'metadata'),
  ('none', 'full', 'none'), ('none', 'metadata', 'none'), ('none', 'none', 'none'), ('none', null, 'none'),
  (null, 'full', 'none'), (null, null, 'none')
) as v (task, tenant, kept);

-- A call per policy, from enqueue to the outcome. Where do its words remain?
create function pg_temp.ran(p_policy text, p_outcome text, p_endpoint text default 'route') returns void language plpgsql as $$
begin
  delete from tollhouse_private.call_content; delete from tollhouse_private.deliveries; delete from tollhouse_private.response_cache;
  delete from tollhouse_private.llm_api_calls; delete from tollhouse_private.request_keys;
  perform tollhouse_ops.set_capture_policy('acme', p_policy, 'test');
  perform set_config('tollhouse.tenant_id', 'acme', true), set_config('tollhouse.user_id', 'ann', true);
  set local role tollhouse_client;
  perform tollhouse.enqueue(p_endpoint, '{"prompt": "six times seven?"}', 'r1', p_metadata => '{"ticket": 7}');
  reset role;
  perform pg_temp.worked(p_outcome);
end
$$;
-- Every table that holds a text, wherever in the row.
create function pg_temp.places(p_text text) returns setof text language plpgsql as $$
declare
  v_table record;
  v_found boolean;
begin
  for v_table in
    select c.relname::text collate "default" as name from pg_class as c
    where c.relnamespace = 'tollhouse_private'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    order by 1
  loop
    execute format('select exists (select from tollhouse_private.%I as t where to_jsonb(t)::text like $1)', v_table.name)
    into v_found using '%' || p_text || '%';
    if v_found then
      return next v_table.name;
    end if;
  end loop;
end
$$;
create function pg_temp.kept() returns text language sql as $$
  select concat_ws(' ',
    case when cc.request is not null then 'request' end, case when cc.response is not null then 'response' end,
    case when cc.reasoning is not null then 'reasoning' end, cc.metadata)
  from tollhouse_private.call_content as cc
$$;
create function pg_temp.refs() returns text language sql as $$
  select concat_ws(' ',
    c.status, case when c.content_ref = c.call_id then 'content' end, case when c.reasoning_ref = c.call_id then 'reasoning' end,
    case when c.metadata_ref = c.call_id then 'metadata' end)
  from tollhouse_private.llm_api_calls as c
$$;
create function pg_temp.told() returns text language plpgsql as $$
declare
  v_content text;
begin
  set local role tollhouse_client;
  select r.content into v_content from tollhouse.llm_api_calls as c cross join tollhouse.result(c.call_id) as r;
  reset role;
  return v_content;
end
$$;

do $$ begin perform pg_temp.ran('full', 'success'); end $$;
select is(pg_temp.kept(), 'request response reasoning {"client": {"ticket": 7}, "provider": {"system_fingerprint": "fp"}}', 'full keeps all four');
select is(pg_temp.refs(), 'success content reasoning metadata', 'and the ledger row refers to them');
select is((select count(*) from tollhouse_private.deliveries), 0::bigint, 'nothing has to be handed over');
select results_eq($$select pg_temp.places('forty-two')$$, array['call_content'], 'the answer is kept once: the cache refers to it');
select is(pg_temp.told(), 'forty-two', 'the caller reads the answer');

do $$ begin perform pg_temp.ran('metadata', 'success'); end $$;
select is(pg_temp.kept(), '{"client": {"ticket": 7}, "provider": {"system_fingerprint": "fp"}}', 'metadata keeps the metadata alone');
select is(pg_temp.refs(), 'success metadata', 'and the ledger row refers to that alone');
select is(pg_temp.told(), 'forty-two', 'the caller reads the answer all the same');
select is_empty($$select pg_temp.places('six times seven?')$$, 'the question is nowhere');
select is_empty($$select pg_temp.places('six times seven')$$, 'nor is the reasoning');
select results_eq($$select pg_temp.places('forty-two')$$, array['deliveries', 'response_cache'], 'the answer waits for its caller, and is cached for its lifetime');

do $$ begin perform pg_temp.ran('none', 'success'); end $$;
select is(pg_temp.kept(), null, 'none keeps no content row');
select is(pg_temp.refs(), 'success', 'the ledger row is there and refers to nothing');
select is(pg_temp.told(), 'forty-two', 'the caller reads the answer all the same');
select is_empty($$select pg_temp.places('six times seven')$$, 'question and reasoning are nowhere');
select is_empty($$select pg_temp.places('ticket')$$, 'nor are the metadata');
select results_eq($$select pg_temp.places('forty-two')$$, array['deliveries'], 'the answer waits for its caller');
update tollhouse_private.deliveries set expires_at = now();
do $$ begin perform tollhouse_worker.prune(); end $$;
select is_empty($$select pg_temp.places('forty-two')$$, 'until its time is over: then it is nowhere');

-- Rows that an endpoint leaves, for a tenant of which nothing may be kept: they say that there was a call, and nothing else.
do $$ begin perform pg_temp.ran('none', 'success', 'investigation'), pg_temp.ran('none', 'success', 'budget_optimization'); end $$;
select results_eq(
  'select question, findings from tollhouse_private.investigations union all select objective, recommendation::text from tollhouse_private.budget_optimization_jobs',
  'values (null::text, null::text), (null, null)', 'what an endpoint materializes is there, without its words'
);
select is_empty($$select pg_temp.places('six times seven')$$, 'question and reasoning are nowhere');
select results_eq($$select pg_temp.places('forty-two')$$, array['deliveries'], 'the answer waits for its caller');

do $$ begin perform pg_temp.ran('full', 'rejected'); end $$;
select is(pg_temp.refs(), 'failed', 'a failure leaves no content, even where all may be kept');
select results_eq($$select pg_temp.places('six times seven')$$, array['llm_api_calls', 'provider_attempts'], 'but what the provider said of it, which may quote the question');
select is((select count(*) from tollhouse_private.llm_api_calls where error_message is not null), 1::bigint, 'with the call');

do $$ begin perform pg_temp.ran('metadata', 'rejected'); end $$;
select is((select count(*) from tollhouse_private.llm_api_calls where error_message is not null), 0::bigint, 'where only metadata may be kept that is not kept');
do $$ begin perform pg_temp.ran('none', 'timeout'); end $$;
select is((select concat_ws(' ', j.state, j.error_code, j.error_message) from tollhouse_private.jobs as j), 'scheduled timeout', 'nor between two attempts where nothing may be');
select is((select error_message from tollhouse_private.provider_attempts order by finished_at desc, call_id desc limit 1), null, 'nor with the attempt');
rollback to stricter_capture;

savepoint keeps_content;
do $$
begin
  perform tollhouse_ops.set_task_type('route', 'test'), tollhouse_ops.set_task_type('secret', 'test', p_capture => 'metadata');
  perform tollhouse_ops.set_capture_policy('quiet', 'none', 'test'), tollhouse_ops.set_capture_policy('loud', 'full', 'test');
end
$$;
select is(tollhouse_private.keeps_content('acme', 'route'), true, 'what neither tenant nor endpoint restricts is kept');
select is(tollhouse_private.keeps_content('loud', 'route'), true, 'and what the tenant allows');
select is(tollhouse_private.keeps_content('loud', 'secret'), false, 'the endpoint may be stricter');
select is(tollhouse_private.keeps_content('quiet', 'route'), false, 'and so may the tenant');
select is(tollhouse_private.keeps_content('acme', 'gone'), false, 'of an endpoint that is gone nothing is kept');
select is(tollhouse_private.keeps_content(null, null), false, 'nor of nobody');

select * from finish();
rollback;
