begin;
select plan(12);

\ir scene.psql

-- Materializers: one that raises costs nobody else their result.
create schema shop;
create function shop.keep(text, text, uuid, timestamptz, jsonb, jsonb) returns void language plpgsql as $$
begin
  if $5 ->> 'prompt' = 'raise' then
    raise exception using errcode = 'P0042', message = 'no shelf left';
  elsif $5 ->> 'prompt' = 'cancel' then
    raise exception using errcode = '57014', message = 'enough';
  elsif $5 ->> 'prompt' = 'assert' then
    assert false, 'never';
  end if;
  insert into shop.shelf values ($1, $2, $3, $4, $5 ->> 'prompt', $6 ->> 'content');
end
$$;
create table shop.shelf (tenant_id text, user_id text, call_id uuid, created_at timestamptz, asked text, answered text);
grant usage on schema shop to tollhouse_engine, tollhouse_owner;
grant insert on shop.shelf to tollhouse_engine, tollhouse_owner;
grant execute on function shop.keep(text, text, uuid, timestamptz, jsonb, jsonb) to tollhouse_engine, tollhouse_owner;
select tollhouse_ops.set_task_type('route', 'test', p_materializer => 'shop.keep');
select pg_temp.ask('good');
select pg_temp.ask('raise');
select pg_temp.ask('i1', 'investigation');
select pg_temp.claimed();
savepoint three_running;
select is(pg_temp.record(pg_temp.result_of('good', 'success'), pg_temp.result_of('raise', 'success'), pg_temp.result_of('i1', 'success')), '3 booked, 0 late', 'a batch with a materializer that raises is booked');
select results_eq('select request_id, status, error_code, error_message, cost_micro_usd from tollhouse_private.llm_api_calls order by request_id',
  $$values ('good', 'success', null::text, null::text, 19::bigint), ('i1', 'success', null, null, 19),
    ('raise', 'success', 'materializer_failed', 'shop.keep: no shelf left (P0042)', 19)$$,
  'each keeps its result, and the one it happened to says so');
select results_eq('select tenant_id, user_id, asked, answered from shop.shelf', $$values ('acme', 'ann', 'good', 'because')$$, 'a materializer of one''s own gets whose call it was, what was asked and what was answered');
select results_eq('select s.call_id, s.created_at from shop.shelf as s', $$select call_id, created_at from tollhouse_private.llm_api_calls where request_id = 'good'$$, 'under its call');
select is((select count(*) from tollhouse_private.investigations), 1::bigint, 'other endpoints'' rows are there');
rollback to three_running;
revoke execute on function shop.keep(text, text, uuid, timestamptz, jsonb, jsonb) from public, tollhouse_engine;
select pg_temp.record(pg_temp.result_of('good', 'success'));
select is((select error_message from tollhouse_private.llm_api_calls), 'shop.keep: permission denied for function keep (42501)', 'a materializer runs with no more rights than it was given');
rollback to three_running;
drop function shop.keep(text, text, uuid, timestamptz, jsonb, jsonb);
select pg_temp.record(pg_temp.result_of('good', 'success'));
select is((select error_code from tollhouse_private.llm_api_calls), 'materializer_failed', 'one that is gone costs no result either');
rollback to three_running;
select pg_temp.record(pg_temp.result_of('good', 'rejected'));
select is((select count(*) from shop.shelf), 0::bigint, 'only a success is materialized');
rollback to three_running;
select pg_temp.record(pg_temp.result_of('good', 'success', '{"materialize": false}'));
select results_eq('select status, error_code, error_message, cost_micro_usd from tollhouse_private.llm_api_calls',
  $$values ('success', 'materializer_failed', 'shop.keep: it took longer than a worker''s statement may', 19::bigint)$$, 'one that took too long is left out, and its call keeps its answer');
select is((select count(*) from shop.shelf), 0::bigint, 'which is not materialized');
rollback to three_running;
select pg_temp.ask('cancel');
select pg_temp.ask('assert');
select pg_temp.claimed();
select is(pg_temp.record(pg_temp.result_of('good', 'success'), pg_temp.result_of('cancel', 'success'), pg_temp.result_of('assert', 'success')), '3 booked, 0 late', 'what others does not catch is caught too');
select results_eq('select request_id, error_message from tollhouse_private.llm_api_calls where error_code is not null order by 1',
  $$values ('assert', 'shop.keep: never (P0004)'), ('cancel', 'shop.keep: enough (57014)')$$, 'each is its own call''s matter');

select * from finish();
rollback;
