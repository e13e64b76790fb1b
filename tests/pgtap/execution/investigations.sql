begin;
select plan(4);

select columns_are('tollhouse_private', 'investigations', array['tenant_id', 'call_id', 'created_at', 'user_id', 'question', 'findings'], 'an investigation is a question and findings');
select col_is_pk('tollhouse_private', 'investigations', array['tenant_id', 'call_id'], 'one investigation a call');

create function pg_temp.investigates(p_response jsonb)
  returns text
  language sql
as $$
  delete from tollhouse_private.investigations;
  select tollhouse_private.materialize_investigation('acme', 'ann', '00000000-0000-0000-0000-000000000001', '2030-01-15Z', '{"prompt": "why?"}', p_response);
  select concat_ws('/', i.tenant_id, i.user_id, i.question, i.findings) from tollhouse_private.investigations as i
$$;
select pg_temp.investigates('{"content": "sales fell"}');
select tollhouse.set_identity('acme', 'bob');
set local role tollhouse_client;
select is_empty('select from tollhouse.investigations', 'another user reads none of it');
reset role;
select tollhouse.set_identity('acme', 'ann');
set local role tollhouse_client;
select results_eq('select findings from tollhouse.investigations', array['sales fell'], 'its own user does');
reset role;

select * from finish();
rollback;
