begin;
select plan(11);

-- operator_audit
savepoint apart;
select columns_are('tollhouse_private', 'operator_audit', array['id', 'at', 'operator', 'action', 'target', 'reason', 'before', 'after'], 'an audit row says who, what, why, before and after');
select table_privs_are('tollhouse_private', 'operator_audit', 'tollhouse_engine', array['INSERT'], 'operator functions can only add to it');
select table_privs_are('tollhouse_private', 'operator_audit', 'tollhouse_owner', array['SELECT', 'INSERT', 'REFERENCES', 'TRIGGER'], 'not even its owner can change it');
select tollhouse_private.audit('test', '{"a": 1, "b": null}', 'because', '{"x": 1}', null);
set local role tollhouse_auditor;
select is((select count(*) from tollhouse_ops.operator_audit), 1::bigint, 'an auditor reads the audit');
reset role;
set local role tollhouse_client;
select throws_ok('select from tollhouse_ops.operator_audit', '42501', null, 'a client does not');
reset role;
rollback to apart;

-- audit
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
