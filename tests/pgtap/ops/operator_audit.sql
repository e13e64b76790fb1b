begin;
select plan(18);

select columns_are('tollhouse_private', 'operator_audit', array['id', 'at', 'operator', 'action', 'target', 'reason', 'before', 'after'], 'an audit row says who, what, why, before and after');
select table_privs_are('tollhouse_private', 'operator_audit', 'tollhouse_engine', array['INSERT'], 'operator functions can only add to it');
select table_privs_are('tollhouse_private', 'operator_audit', 'tollhouse_owner', array['SELECT', 'INSERT', 'REFERENCES', 'TRIGGER'], 'not even its owner can change it');

select tollhouse_private.audit('test', '{"a": 1, "b": null}', 'because', '{"x": 1}', null);
select results_eq('select operator, action, target, reason, before, after from tollhouse_private.operator_audit',
  $$select session_user, 'test', '{"a": 1}'::jsonb, 'because', '{"x": 1}'::jsonb, null::jsonb$$, 'an action is written down under the login that did it');
select throws_ok($$select tollhouse_private.audit('test', '{}', null, null, null)$$, 'TH301', null, 'no reason is refused');
select throws_ok($$select tollhouse_private.audit('test', '{}', '', null, null)$$, 'TH301', null, 'an empty one too');
select throws_ok($$select tollhouse_private.audit('test', '{}', '  ', null, null)$$, 'TH301', null, 'and a blank one');

select throws_ok($$select tollhouse_private.check_target('provider', 'mock')$$, 'TH302', null, 'a provider that nobody set is unknown');
select throws_ok($$select tollhouse_private.check_target('model', null)$$, 'TH302', null, 'null is unknown');
select lives_ok($$select tollhouse_private.check_target('endpoint', 'route')$$, 'an endpoint that exists is known');
select throws_ok($$select tollhouse_private.check_target('endpoint', 'nowhere')$$, 'TH302', null, 'another is not');
select lives_ok($$select tollhouse_private.check_target('tenant', 'acme')$$, 'a tenant need not be known, only well-formed');
select throws_ok($$select tollhouse_private.check_target('tenant', 'a b')$$, 'TH303', null, 'a malformed one is a bad value');
select throws_ok($$select tollhouse_private.check_target('user', null)$$, 'TH303', null, 'so is null');
select throws_ok($$select tollhouse_private.check_target('user', '')$$, 'TH303', null, 'and an empty name');
select throws_ok($$select tollhouse_private.check_value(null, 'x', 'y')$$, 'TH303', null, 'what can''t be decided is a bad value');

set local role tollhouse_auditor;
select is((select count(*) from tollhouse_ops.operator_audit), 1::bigint, 'an auditor reads the audit');
reset role;
set local role tollhouse_client;
select throws_ok('select from tollhouse_ops.operator_audit', '42501', null, 'a client does not');
reset role;

select * from finish();
rollback;
