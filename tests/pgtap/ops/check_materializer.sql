begin;
select plan(13);

\ir ../one_provider.psql
create role th_pgtap_both login in role tollhouse_operator, tollhouse_client;
create schema app authorization th_pgtap_both;
create function pg_temp.offered(p_name text)
  returns text
  language plpgsql
as $$
begin
  return coalesce(tollhouse_private.check_materializer(p_name), 'null');
exception
  when sqlstate 'TH303' then return 'refused';
end
$$;
create function public.admins(text, text, uuid, timestamptz, jsonb, jsonb) returns void language sql as 'select';
create function public.ours(text, text, uuid, timestamptz, jsonb, jsonb) returns void language sql as 'select';
alter function public.ours(text, text, uuid, timestamptz, jsonb, jsonb) owner to tollhouse_owner;
create function public.theirs(text, text, uuid, timestamptz, jsonb, jsonb) returns void language sql as 'select';
alter function public.theirs(text, text, uuid, timestamptz, jsonb, jsonb) owner to th_pgtap_both;
create function app.admins(text, text, uuid, timestamptz, jsonb, jsonb) returns void language sql as 'select';
create function pg_temp.admins(text, text, uuid, timestamptz, jsonb, jsonb) returns void language sql as 'select';

select is(pg_temp.offered('tollhouse_private.materialize_investigation'), 'tollhouse_private.materialize_investigation', 'one that comes with us is taken');
select is(pg_temp.offered('public.ours'), 'public.ours', 'so is one that our owner has');
select is(pg_temp.offered('public.admins'), 'public.admins', 'and a superuser''s');
select is(pg_temp.offered('public.theirs'), 'refused', 'anybody else''s is refused: it would run with our rights');
select is(pg_temp.offered('app.admins'), 'refused', 'so is one in a schema whose owner could drop it and put another in its place');
select is(pg_temp.offered('pg_temp.admins'), 'refused', 'and a temporary one');
select is(pg_temp.offered(pg_my_temp_schema()::regnamespace || '.admins'), 'refused', 'under its real name too');
select is(pg_temp.offered('public.nowhere'), 'refused', 'one that does not exist is refused');
select is(pg_temp.offered(null), 'refused', 'and null');

-- The attack: an operator who is a client too has a function of their own run by whoever closes the call.
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'first');
select tollhouse_worker.claim('00000000-0000-0000-0000-000000000001', 1);
select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
  select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'success',
    'input_tokens', 5, 'output_tokens', 7, 'response', '{"content": "because", "finish_reason": "stop"}'::jsonb))
  from tollhouse_private.jobs as j));
select is((select count(*) from tollhouse_private.response_cache), 1::bigint, 'an answer is in the cache');
set local session authorization th_pgtap_both;
create function pg_temp.evil(text, text, uuid, timestamptz, jsonb, jsonb)
  returns void
  language plpgsql
as $$
begin
  execute 'grant delete on tollhouse_private.llm_api_calls to tollhouse_operator';
  execute 'alter table tollhouse_private.deliveries disable row level security';
end
$$;
do $$
begin
  perform tollhouse_ops.set_task_type('route', 'trust me', p_materializer => 'pg_temp.evil');
exception
  when sqlstate 'TH303' then null;
end
$$;
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'second');
set local session authorization default;
select is((select was_cached from tollhouse_private.llm_api_calls where request_id = 'second'), true, 'the next call is closed by its own caller''s transaction');
select is(has_table_privilege('tollhouse_operator', 'tollhouse_private.llm_api_calls', 'delete'), false, 'and nobody has got a right on the ledger');
select is((select relrowsecurity from pg_class where oid = 'tollhouse_private.deliveries'::regclass), true, 'nor row security off');

select * from finish();
rollback;
