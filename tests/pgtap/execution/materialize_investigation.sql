begin;
select plan(2);

create function pg_temp.investigates(p_response jsonb)
  returns text
  language sql
as $$
  delete from tollhouse_private.investigations;
  select tollhouse_private.materialize_investigation('acme', 'ann', '00000000-0000-0000-0000-000000000001', '2030-01-15Z', '{"prompt": "why?"}', p_response);
  select concat_ws('/', i.tenant_id, i.user_id, i.question, i.findings) from tollhouse_private.investigations as i
$$;
select is(pg_temp.investigates('{"content": "sales fell"}'), 'acme/ann/why?/sales fell', 'an investigation''s answer becomes its findings');
select throws_ok($$select pg_temp.investigates('{"content": null}')$$, '23514', null, 'an answer without a text is no finding');

select * from finish();
rollback;
