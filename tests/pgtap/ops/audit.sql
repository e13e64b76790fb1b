begin;
select plan(6);

select tollhouse_private.audit('test', '{"a": 1, "b": null}', 'because', '{"x": 1}', null);
select results_eq('select operator, action, target, reason, before, after from tollhouse_private.operator_audit',
  $$select session_user, 'test', '{"a": 1}'::jsonb, 'because', '{"x": 1}'::jsonb, null::jsonb$$, 'an action is written down under the login that did it');
select throws_ok($$select tollhouse_private.audit('test', '{}', null, null, null)$$, 'TH301', null, 'no reason is refused');
select throws_ok($$select tollhouse_private.audit('test', '{}', '', null, null)$$, 'TH301', null, 'an empty one too');
select throws_ok($$select tollhouse_private.audit('test', '{}', '  ', null, null)$$, 'TH301', null, 'and a blank one');

select throws_ok($$select tollhouse_private.audit('test', '{}', e' \n\t\r', null, null)$$, 'TH301', null, 'whatever the blanks are');

select throws_ok($$select tollhouse_private.audit('test', '{}', repeat('x', 2001), null, null)$$, 'TH301', 'reason too long', 'a reason is no essay');

select * from finish();
rollback;
